"""Settings, from the environment or a .env file. Only bot/ and scripts/ read them; below, values are arguments."""

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dotenv import dotenv_values
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ENV_FILE = ".env"
_FOLDER_PREFIX = "DRIVE_FOLDER_"


class SettingsError(Exception):
    """A setting is missing or wrong; the text has one sentence a fault, a line each, and no value."""


def _split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError("is no time zone of the IANA list, such as Europe/Berlin") from error
    return name


def _http_url(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ValueError("must start with http:// or https://")
    return url.rstrip("/")


def _host_and_port(pairs: tuple[str, ...]) -> tuple[str, ...]:
    if any(not port.isdecimal() or not host for host, _, port in (pair.rpartition(":") for pair in pairs)):
        raise ValueError("must be a list of host:port pairs, separated by commas")
    return pairs


def _database_url(url: str) -> str:
    """Hosts give Postgres' address as postgres://."""
    scheme, _, rest = url.partition("://")
    if scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        return f"postgresql://{rest}"
    if not url.startswith("sqlite+aiosqlite:///"):
        raise ValueError(
            "must be a url such as postgres://user:password@host/name or sqlite+aiosqlite:////srv/ledger.db"
        )
    return url


HttpUrl = Annotated[str, AfterValidator(_http_url)]


class NotionSettings(BaseSettings):
    """What the way to Notion needs."""

    model_config = SettingsConfigDict(
        env_file=ENV_FILE,
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,  # a fault's message must not print the other tokens
        frozen=True,
    )

    notion_token: SecretStr
    notion_api_url: HttpUrl = "https://api.notion.com"
    discord_message_db_id: str
    videos_db_id: str | None = None
    drive_uploads_db_id: str | None = None
    channels_file: Path | None = None


class Settings(NotionSettings):
    """Every setting by its name in lower case; DESIGN's table says what each means."""

    discord_token: SecretStr
    discord_guild_ids: Annotated[tuple[int, ...], NoDecode, BeforeValidator(_split)] = ()
    discord_api_url: HttpUrl = "https://discord.com/api/v10"
    discord_gateway_url: str | None = None

    storage: Literal["drive", "local"] | None = None
    drive_api_url: HttpUrl = "https://www.googleapis.com"
    google_token_file: Path | None = None
    google_service_account_file: Path | None = None
    google_delegated_user: str | None = None

    data_dir: Path = Path("data")
    database_url: Annotated[str, AfterValidator(_database_url)] | None = Field(None, repr=False)  # with its password
    workers: Annotated[int, Field(ge=1)] = 2
    bot_runs_jobs: bool = True
    worker_silent_s: Annotated[float, Field(ge=1)] = 30

    whisper_model: str = "small"
    whisper_device: str = "auto"
    whisper_compute_type: str = "default"
    whisper_language: str | None = None
    whisper_beam: Annotated[int, Field(ge=1)] | None = None
    whisper_workers: Annotated[int, Field(ge=1)] | None = None

    max_duration_s: Annotated[float, Field(gt=0)] = 43200
    max_filesize_mb: Annotated[int, Field(gt=0)] = 10240
    max_height: Annotated[int, Field(gt=0)] = 720
    stall_timeout_s: Annotated[float, Field(gt=0)] = 300
    job_time_limit_s: Annotated[float, Field(gt=0)] = 43200
    max_attempts: Annotated[int, Field(ge=1)] = 3
    max_per_message: Annotated[int, Field(ge=1)] = 20
    max_per_poster: Annotated[int, Field(ge=1)] = 50
    max_per_minute: Annotated[int, Field(ge=1)] = 60
    operator_retry_s: Annotated[float, Field(gt=0)] = 60
    live_retry_s: Annotated[float, Field(gt=0)] = 300
    live_patience_days: Annotated[float, Field(ge=0, le=365)] = 14

    allow_any_site: bool = False
    allow_private_hosts: Annotated[
        tuple[str, ...], NoDecode, BeforeValidator(_split), AfterValidator(_host_and_port)
    ] = ()
    ytdlp_cookies_file: Path | None = None
    timezone: Annotated[str, AfterValidator(_time_zone)] = "UTC"

    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    http_host: str = "127.0.0.1"
    dashboard_token: SecretStr | None = None
    webhook_secret: SecretStr | None = None

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"
    log_file: Path | None = None

    @property
    def uses_drive(self) -> bool:
        """`STORAGE`, or whether Google credentials are set."""
        if self.storage is not None:
            return self.storage == "drive"
        return self.google_token_file is not None or self.google_service_account_file is not None

    @property
    def ledger_url(self) -> str:
        """The ledger's SQLAlchemy url: SQLite in `DATA_DIR` unless `DATABASE_URL` says otherwise."""
        if self.postgres_url:
            return self.postgres_url.replace("postgresql://", "postgresql+psycopg://", 1)
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir.resolve() / 'auditscribe.db'}"

    @property
    def postgres_url(self) -> str | None:
        """The ledger's libpq url, where it is a Postgres."""
        return self.database_url if self.database_url and self.database_url.startswith("postgresql://") else None


Kind = TypeVar("Kind", bound=NotionSettings)


def load_settings() -> Settings:
    """Read the settings.

    Raises:
        SettingsError: with one sentence for each missing or wrong setting.
    """
    return _load(Settings)


def load_settings_without_accounts() -> Settings:
    """Read the settings with nothing in those that have no default, whatever is there for them; raise as above."""
    return _load(Settings, {name: "" for name, field in Settings.model_fields.items() if field.is_required()})


def load_notion_settings() -> NotionSettings:
    """Read Notion's settings alone; raise as `load_settings` does."""
    return _load(NotionSettings)


def _load(kind: type[Kind], given: Mapping[str, Any] = MappingProxyType({})) -> Kind:
    try:
        return kind(**given)
    except ValidationError as error:
        faults = [
            (str(fault["loc"][0]).upper(), fault["type"], fault["msg"]) for fault in error.errors(include_input=False)
        ]
        raise SettingsError("\n".join(_sentence(*fault) for fault in faults)) from None


def load_drive_folders() -> dict[str, str]:
    """Return the Drive folder's id of each channel that has a `DRIVE_FOLDER_<CHANNEL>`: `{"market-outlook": "1a…"}`."""
    values = {**dotenv_values(ENV_FILE), **os.environ}
    return {
        name.removeprefix(_FOLDER_PREFIX).lower().replace("_", "-"): folder
        for name, folder in values.items()
        if name.startswith(_FOLDER_PREFIX) and folder
    }


def _sentence(name: str, kind: str, message: str) -> str:
    if kind == "missing":
        return f"{name} is not set: put it into the environment or the file {ENV_FILE}."
    reason = message.removeprefix("Value error, ")
    return f"{name} is wrong: {reason[:1].lower()}{reason[1:]}."
