"""Questions to a person at a terminal. A secret is never shown, neither as it is typed nor as it is offered."""

import sys
from getpass import getpass


class Terminal:
    """Raises EOFError or KeyboardInterrupt where the person ends it."""

    def say(self, *lines: object) -> None:
        print(*lines, sep="\n", flush=True)  # noqa: T201 (a conversation)

    def ask(self, question: str, offered: str | None = None, *, is_secret: bool = False) -> str:
        """Return the answer without the blanks around it; Enter alone takes what is offered, else it is empty."""
        while True:
            answer = self._read(_prompt(question, offered, is_secret=is_secret), is_secret=is_secret).strip()
            if wrong := _wrong(answer, is_secret=is_secret):
                self.say(f"✗ {wrong}")
            else:
                return answer or offered or ""

    def _read(self, prompt: str, *, is_secret: bool) -> str:
        return getpass(prompt) if is_secret and sys.stdin.isatty() else input(prompt)


def _prompt(question: str, offered: str | None, *, is_secret: bool) -> str:
    if not offered:
        return f"{question}: "
    return f"{question} [Enter: {'the one that is there' if is_secret else offered}]: "


def _wrong(answer: str, *, is_secret: bool) -> str:
    """Return why an answer cannot stand in .env, or cannot be a token; empty where it can."""
    if not answer.isprintable():
        return "That has characters that cannot be printed: type or paste it again."
    if "${" in answer:
        return "That has ${ in it, which .env takes for the name of another setting."
    if is_secret and (" " in answer or not answer.isascii()):
        return "That is no token: a token has neither blanks nor letters with accents. Copy it again."
    return ""
