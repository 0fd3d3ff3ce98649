"""What a channel's table in a CHANNELS_FILE may say."""

import string
from collections.abc import Collection
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from config.notion_config import COLUMN_TYPES, DEFAULTS, ActionType

DEFAULT_CHANNELS = [route.channel for route in DEFAULTS]

_PLACEHOLDERS = {"title", "date"}
LANGUAGES = frozenset(
    "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy id "  # noqa: SIM905 (a list would take a hundred lines)
    "is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd "
    "si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh".split()
)
"""Those that Whisper takes: any other code would fail each video of the channel."""


def _one_of(known: Collection[str]) -> AfterValidator:
    def check(text: str) -> str:
        if text not in known:
            raise ValueError
        return text

    return AfterValidator(check)


def _title_format(text: str) -> str:
    for _, placeholder, specification, conversion in string.Formatter().parse(text):
        if placeholder is not None and (placeholder not in _PLACEHOLDERS or specification or conversion):
            raise ValueError
    return text


Text = Annotated[str, Field(min_length=1)]


class ChannelTable(BaseModel):
    """What is not named stays as it is. Descriptions end the sentence `"<key>" must be …`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    like: Annotated[str, _one_of(DEFAULT_CHANNELS)] | None = Field(
        None, description=f"one of {', '.join(DEFAULT_CHANNELS)}, in quotes"
    )
    enabled: bool = Field(default=True, description="true or false, without quotes")
    channel_id: Annotated[int, Field(gt=0, lt=2**63)] | None = Field(
        None, alias="id", description="a number without quotes, as Copy Channel ID in Discord gives it"
    )
    database: Text | None = Field(None, description="a database's id or its page's address, in quotes")
    drive_folder: Text | None = Field(None, description="the id of a folder in Drive, in quotes")
    language: Annotated[str, _one_of(LANGUAGES)] | None = Field(
        None, description='the ISO 639-1 code of a language that Whisper knows, such as "de"'
    )
    cards: bool = Field(default=True, description="true or false, without quotes")
    action_type: ActionType | None = Field(None, description='"update_origin" or "create_new_page"')
    title_format: Annotated[Text, AfterValidator(_title_format)] | None = Field(
        None, description="a text in quotes whose only placeholders are {title} and {date}"
    )
    final_status: Text | None = Field(None, description="the name of an option, in quotes")
    columns: dict[Annotated[str, _one_of(COLUMN_TYPES)], str] = Field({}, description="a table of columns' names")


class ChannelsTables(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    channels: dict[str, ChannelTable] = {}


FIELDS = {field.alias or name: field for name, field in ChannelTable.model_fields.items()}
"""By their keys in the file."""
