"""`python -m bot setup`: asks for what the bot needs, checks each answer at its service, writes .env."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from bot.doctor import diagnose
from bot.setup.services import Introduction, count_columns, kind_of_google_file, meet_bot, meet_connection, try_drive
from bot.setup.terminal import Terminal
from config.env_file import EnvFile
from config.settings import load_drive_folders, load_settings, load_settings_without_accounts
from services.clients import drive_login
from services.doctor.finding import Level
from services.errors import AuditscribeError, PermanentError, TransientError

INTERRUPTED = 130
"""The exit status of a command that Ctrl-C ended."""

_NONE = "-"
_WELCOME = (
    "This asks for what the bot needs, and checks each answer before it asks for the next.",
    "Nothing that you type as a token is shown. Ctrl-C ends it, and the next time it goes on from there.",
    "Columns and options that your Notion databases lack are created in the end; none is changed or deleted.",
)
_DISCORD = """
Discord: https://discord.com/developers/applications > your application > Bot > Reset Token.
DISCORD_TOKEN"""
_NOTION = """
Notion: https://www.notion.so/profile/integrations > your connection > its secret.
NOTION_TOKEN"""
_MESSAGES_DATABASE = """
In Notion, open the Discord Message Database, add the connection to it (••• > Connections), and copy its address.
DISCORD_MESSAGE_DB_ID"""
_OTHER_DATABASES = {
    "VIDEOS_DB_ID": """
In the same way the videos database, of market-outlook and the other video channels; - where there is none.
VIDEOS_DB_ID""",
    "DRIVE_UPLOADS_DB_ID": """
And the database of drive-uploads; - where there is none.
DRIVE_UPLOADS_DB_ID""",
}
_GOOGLE_FILE = """
The JSON file from Google: an OAuth client (Desktop app), or a service account's key.
Its path"""

Answer = TypeVar("Answer")
Check = Callable[[str], Answer]
"""Returns what was found out about an answer, or raises an AuditscribeError that says what is wrong with it."""


class Setup:
    """One conversation."""

    def __init__(self, terminal: Terminal, env: EnvFile, *, open_browser: bool) -> None:
        self._terminal = terminal
        self._env = env
        self._open_browser = open_browser
        self._settings = load_settings_without_accounts()

    def ask_for_everything(self) -> Introduction:
        """Return who the bot is, once every answer is in the draft."""
        bot = self._ask_for_discord()
        self._ask_for_notion()
        self._ask_for_storage()
        return bot

    def _ask_for_discord(self) -> Introduction:
        def check(token: str) -> Introduction:
            return asyncio.run(meet_bot(self._settings, token))

        bot = self._ask("DISCORD_TOKEN", _DISCORD, check, is_secret=True)
        self._terminal.say(f"✓ It is the token of {bot.name}.")
        while bot.intent.level is Level.RED:
            self._terminal.say(bot.intent)
            if self._terminal.ask("Enter when that is done, or `later`") == "later":
                break
            with suppress(TransientError):  # Discord is asked again as often as the person likes
                bot = check(self._env.find("DISCORD_TOKEN") or "")
        if len(bot.guilds) > 1:
            self._ask_for_guilds(bot)
        return bot

    def _ask_for_guilds(self, bot: Introduction) -> None:
        def check(answer: str) -> None:
            ids = [one.strip() for one in answer.split(",")]
            if strange := [one for one in ids if one not in map(str, bot.guilds)]:
                raise PermanentError(f"The bot is in no server of the id {', '.join(strange) or 'that you typed'}.")

        servers = "\n".join(f"  {guild_id}  {name}" for guild_id, name in bot.guilds.items())
        question = f"\nThe bot is in several servers:\n{servers}\nThe ids of those that it may work in, with commas"
        self._ask("DISCORD_GUILD_IDS", question, check)

    def _ask_for_notion(self) -> None:
        def check_token(token: str) -> str:
            return asyncio.run(meet_connection(self._settings, token))

        def check_address(address: str) -> int:
            return asyncio.run(count_columns(self._settings, self._env.find("NOTION_TOKEN") or "", address))

        name = self._ask("NOTION_TOKEN", _NOTION, check_token, is_secret=True)
        self._terminal.say(f"✓ It is the secret of the connection {name}.")
        self._terminal.say(_columns(self._ask("DISCORD_MESSAGE_DB_ID", _MESSAGES_DATABASE, check_address)))
        for setting, question in _OTHER_DATABASES.items():
            if found := self._ask_for_optional(setting, question, check_address):
                self._terminal.say(_columns(found))

    def _ask_for_storage(self) -> None:
        def check(answer: str) -> None:
            if answer not in ("drive", "local"):
                raise PermanentError("Type `drive` or `local`.")

        local = self._settings.data_dir / "files"
        question = f"\nWhere do the files go: to Google Drive (`drive`), or into the folder {local} (`local`)?\nSTORAGE"
        where, _ = self._until_right(question, check, self._env.find("STORAGE") or "local")
        self._env.keep("STORAGE", where)
        if where == "drive":
            self._ask_for_google()

    def _ask_for_google(self) -> None:
        names = ("GOOGLE_SERVICE_ACCOUNT_FILE", "GOOGLE_TOKEN_FILE")
        offered = next(filter(None, map(self._env.find, names)), None)
        _, (account, token) = self._until_right(_GOOGLE_FILE, self._connect_google, offered)
        for name, file in zip(names, (account, token), strict=True):
            self._env.keep(name, str(file or ""))
        self._terminal.say("✓ Google Drive takes it.")

    def _connect_google(self, answer: str) -> tuple[Path | None, Path | None]:
        """Return the service account's file or the token's, which a login makes where a client's was given."""
        file = Path(answer).expanduser()
        kind = kind_of_google_file(file)
        account, token = (file, None) if kind == "service account" else (None, file)
        if kind == "client":
            token = self._settings.data_dir / "google-token.json"
            drive_login.login(file, token, open_browser=self._open_browser, ask=self._terminal.ask)
        asyncio.run(try_drive(self._settings, token, account))
        return account, token

    def _ask(self, name: str, question: str, check: Check[Answer], *, is_secret: bool = False) -> Answer:
        """Take the right answer into the draft; return what its check found."""
        answer, found = self._until_right(question, check, self._env.find(name), is_secret=is_secret)
        self._env.keep(name, answer)
        return found

    def _ask_for_optional(self, name: str, question: str, check: Check[Answer]) -> Answer | None:
        def check_unless_none(answer: str) -> Answer | None:
            return None if answer == _NONE else check(answer)

        answer, found = self._until_right(question, check_unless_none, self._env.find(name) or _NONE)
        self._env.keep(name, "" if answer == _NONE else answer)
        return found

    def _until_right(
        self, question: str, check: Check[Answer], offered: str | None, *, is_secret: bool = False
    ) -> tuple[str, Answer]:
        """Return the first answer that passes, and what its check found; what is refused is not offered again."""
        *introduction, prompt = question.splitlines()
        self._terminal.say(*introduction)
        while True:
            answer = self._terminal.ask(prompt, offered, is_secret=is_secret)
            if not answer:
                continue
            try:
                return answer, check(answer)
            except AuditscribeError as error:
                self._terminal.say(f"✗ {error}")
                if isinstance(error, TransientError):
                    offered = answer
                elif answer == offered:
                    offered = None


def run(env: EnvFile, *, open_browser: bool) -> int:
    """Hold the conversation, write the file, create what Notion lacks; return the exit status.

    Raises:
        SettingsError: what is in the file, or in the environment, is wrong.
    """
    terminal = Terminal()
    terminal.say(*_WELCOME)
    try:
        bot = Setup(terminal, env, open_browser=open_browser).ask_for_everything()
        overruled = env.finish()
        terminal.say(f"\n✓ {env.path} is written, for your eyes alone.", *map(_overruled, overruled), "")
        terminal.say(*asyncio.run(diagnose(load_settings(), load_drive_folders(), fix=True)))
    except (KeyboardInterrupt, EOFError):
        terminal.say(f"\n{_interrupted(env)}")
        return INTERRUPTED
    terminal.say("\nInvite the bot to your server:", bot.invitation, "Then start it: python -m bot")
    return 0


def _interrupted(env: EnvFile) -> str:
    if env.draft.exists():
        return f"Not finished: {env.path.name} is as it was. Run it again to go on; so far it is kept in {env.draft}."
    return "Not finished. Run it again, or `python -m bot doctor --fix` once everything is answered."


def _overruled(name: str) -> str:
    return f"! {name} has another value in the environment, which counts: remove it there."


def _columns(count: int) -> str:
    return f"✓ It is there, and has {count} columns."
