"""`python -m bot`: settings in, exit status out."""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from bot import app, log, worker
from bot.doctor import diagnose
from bot.known_secrets import redaction_of
from bot.setup import conversation
from bot.start import StartError
from config.env_file import EnvFile
from config.settings import ENV_FILE, Settings, SettingsError, load_drive_folders, load_settings
from services.clients import drive_login
from services.doctor.finding import any_red
from services.errors import AuditscribeError
from services.redaction import redacted

Run = Callable[[Settings, Mapping[str, str], asyncio.Event], Awaitable[None]]

RED, WRONG_SETTINGS = 1, 2
_ENV_EXAMPLE = Path(__file__).parents[1] / ".env.example"


def main() -> int:
    arguments = _arguments()
    try:
        if arguments.command == "drive-login":
            drive_login.login(arguments.client_secret, arguments.token_file, open_browser=not arguments.no_browser)
        elif arguments.command == "setup":
            logging.disable(logging.WARNING)  # what goes wrong is told in the conversation
            return conversation.run(EnvFile(Path(ENV_FILE), _ENV_EXAMPLE), open_browser=not arguments.no_browser)
        elif arguments.command == "doctor":
            return _tell(fix=arguments.fix)
        else:
            settings = load_settings()
            log.configure(settings.log_level, settings.log_format, settings.log_file, redaction_of(settings))
            asyncio.run(_run_until_signal(worker.run if arguments.command == "worker" else app.run, settings))
    except (SettingsError, StartError, AuditscribeError) as error:
        print(redacted(str(error)), file=sys.stderr)  # noqa: T201 (the last words of a start that failed)
        return WRONG_SETTINGS
    return 0


def _tell(*, fix: bool) -> int:
    logging.disable(logging.WARNING)  # what went wrong is in the findings
    findings = asyncio.run(diagnose(load_settings(), load_drive_folders(), fix=fix))
    print(*findings, sep="\n")  # noqa: T201 (the answer to whoever asked)
    return RED if any_red(findings) else 0


async def _run_until_signal(run: Run, settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await run(settings, load_drive_folders(), stop)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bot", description="Without a command: run the bot.")
    commands = parser.add_subparsers(dest="command")
    login = commands.add_parser("drive-login", help="connect a Google account, once")
    login.add_argument("--client-secret", type=Path, required=True, help="the OAuth client's JSON file from Google")
    login.add_argument("--token-file", type=Path, default=Path("data/google-token.json"), help="as GOOGLE_TOKEN_FILE")
    login.add_argument("--no-browser", action="store_true", help="print the address instead of opening it")
    setup = commands.add_parser("setup", help="ask for what the bot needs, check it, and write .env")
    setup.add_argument("--no-browser", action="store_true", help="print Google's address instead of opening it")
    commands.add_parser("worker", help="run jobs beside the bot, here or on another machine: with Postgres only")
    doctor = commands.add_parser("doctor", help="check everything that the bot needs, and say what to do")
    doctor.add_argument("--fix", action="store_true", help="create what Notion's databases lack")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
