"""What a person does on the page: posts, presses a button, uses a command."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web

from sandbox.demo.people import Person
from sandbox.demo.snapshot import CHANNELS
from sandbox.discord.world import DiscordWorld

Json = dict[str, Any]


class Deeds:
    """Takes what the page sends to Discord; the answers are seen in the next snapshot.

    Every body has `person`, the id of who acts; all but `/post`, a form, are JSON. Refused with 400 where Discord's
    own client would not let the person do that, with 504 where the bot does not answer in time.
    """

    def __init__(self, discord: DiscordWorld, people: Iterable[Person]) -> None:
        self._discord = discord
        self._users = {person.user["id"]: person.user for person in people}

    def routes(self) -> Iterator[web.RouteDef]:
        yield web.post("/post", self._post)
        yield web.post("/press", self._press)
        yield web.post("/command", self._command)
        yield web.post("/autocomplete", self._autocomplete)

    async def _post(self, request: web.Request) -> web.Response:
        """Post what the form holds: `channel`, and `content` or `file` or both."""
        form = await request.post()
        channel, content, file, person = (form.get(name) for name in ("channel", "content", "file", "person"))
        files = []
        if isinstance(file, web.FileField) and file.filename:
            files.append((file.filename, await asyncio.to_thread(file.file.read), file.content_type))
        author = self._users.get(str(person), self._discord.poster)
        if channel not in CHANNELS or not isinstance(content, str) or not (content.strip() or files):
            raise web.HTTPBadRequest(text="Post a link or a file.")
        self._discord.post(str(channel), content.strip(), files=files, author=author)
        return web.Response(status=204)

    async def _press(self, request: web.Request) -> web.Response:
        """Press the button `custom_id` of `message`."""
        with _refusals("This interaction failed."):
            deed = await request.json()
            await self._discord.press(deed["message"], deed["custom_id"], self._users[deed["person"]])
        return web.Response(status=204)

    async def _command(self, request: web.Request) -> web.Response:
        """Use the command `name`: on `message`, or in `channel` with `options` by name."""
        with _refusals("The application did not respond."):
            deed = await request.json()
            user = self._users[deed["person"]]
            if "message" in deed:
                await self._discord.message_command(deed["name"], deed["message"], user=user)
            else:
                await self._discord.slash(deed["name"], deed["options"], user=user, channel=deed["channel"])
        return web.Response(status=204)

    async def _autocomplete(self, request: web.Request) -> web.Response:
        """Answer with what the bot offers for `option` of the command `name` when so much of it is `typed`."""
        with _refusals("Loading options failed."):
            deed = await request.json()
            offered = await self._discord.autocomplete(
                deed["name"],
                deed["option"],
                deed["typed"],
                options=deed["options"],
                user=self._users[deed["person"]],
                channel=deed["channel"],
            )
        return web.json_response(offered.choices)


@contextmanager
def _refusals(unanswered: str) -> Iterator[None]:
    """Turn what the world raises into answers; `unanswered` is what Discord says of a bot that is silent."""
    try:
        yield
    except (LookupError, TypeError, ValueError) as error:
        raise web.HTTPBadRequest(text=f"That cannot be done: {error}.") from None
    except TimeoutError:
        raise web.HTTPGatewayTimeout(text=unanswered) from None
