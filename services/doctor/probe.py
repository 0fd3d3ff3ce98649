"""Questions to heavy libraries, each answered by a script in a process of its own."""

from contextlib import aclosing
from pathlib import Path

from services.clients.child import Message, start
from services.errors import PermanentError

REINSTALL = "Install anew what the bot needs: `pip install -r requirements.txt`."


async def ask(script: str, **question: str) -> Message:
    """Return what a script of this folder answers.

    Raises:
        PermanentError: the library is broken or missing; the text has its own words.
    """
    async with aclosing(await start(Path(__file__).with_name(script))) as child:
        child.send(question)
        answers = [event async for event in child.events()]
        if not answers:
            raise PermanentError(f"It cannot be used ({child.ending}).")
        return answers[0]
