"""Discord's faults."""

import asyncio
from collections.abc import AsyncGenerator
from functools import partial

from sandbox.discord.objects import Json
from tests.e2e.faults.scene import Scenario, Scene

Acting = AsyncGenerator[Json, None]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


async def refused(scene: Scene, status: int, code: int, message: str) -> Acting:
    """Let every request of the channel be refused."""
    channel = scene.worlds.discord.channel_id("audit-process")
    for method in METHODS:
        body = {"code": code, "message": message}
        scene.fault(scene.worlds.discord, method, f"/channels/{channel}/", status, body=body, times=10_000)
    posted = scene.post()
    yield posted
    yield posted
    scene.worlds.discord.faults.clear()


async def message_gone(scene: Scene) -> Acting:
    posted: list[Json] = []

    async def delete() -> None:
        scene.worlds.discord.delete(posted[0]["id"])
        await asyncio.sleep(0.2)  # the bot hears of it while the video's page is being written

    scene.fault(scene.worlds.notion, "PATCH", "^/v1/pages/", before=False, meanwhile=delete)
    posted.append(scene.post())
    yield posted[0]
    await scene.until(lambda: not scene.worlds.notion.faults[-1].times)
    await asyncio.sleep(0.3)
    scene.forward()


async def attachment_gone(scene: Scene) -> Acting:
    message = scene.post_file()
    body = {"code": 10008, "message": "Unknown Message"}
    scene.fault(scene.worlds.discord, "GET", f"/messages/{message['id']}$", 404, body=body, times=100)
    yield message


async def once(scene: Scene, status: int) -> Acting:
    """Let a card fail once on its way."""
    headers, body = {}, {"code": 0, "message": "Try again."}
    if status == 429:
        headers = {"Retry-After": "1", "Via": "1.1 google", "X-RateLimit-Scope": "user"}
        body |= {"retry_after": 1.0, "global": False}
    fault = scene.fault(scene.worlds.discord, "POST", "/messages$", status, headers=headers, body=body)
    yield scene.post()
    await scene.until(lambda: fault.times == 0)


async def gateway_away(scene: Scene, *, resumable: bool) -> Acting:
    scene.worlds.discord.drop_gateway(resumable=resumable)
    message = scene.post()
    yield message
    await scene.until(lambda: scene.worlds.discord.connected)


async def twice(scene: Scene) -> Acting:
    message = scene.post()
    for session in scene.worlds.discord.gateway.sessions._sessions.values():
        for _, frame in list(session.sent):
            if f'"id": "{message["id"]}"' in frame and session.outbox is not None:
                session.outbox.put_nowait(frame)
    yield message


async def expired(scene: Scene) -> Acting:
    """The url that came with the message is no longer good when its turn has come."""
    cdn = scene.worlds.discord.cdn
    lifetime, cdn.lifetime = cdn.lifetime, -10.0
    message = scene.post_file()
    cdn.lifetime = lifetime
    yield message


SCENARIOS: dict[str, Scenario] = {
    "403": partial(refused, status=403, code=50013, message="Missing Permissions"),
    "message-gone": message_gone,
    "attachment-gone": attachment_gone,
    "channel-gone": partial(refused, status=404, code=10003, message="Unknown Channel"),
    "discord-429": partial(once, status=429),
    **{f"discord-{status}": partial(once, status=status) for status in (500, 502, 503, 504)},
    "gateway-5-s": partial(gateway_away, resumable=True),
    "gateway-10-min": partial(gateway_away, resumable=False),
    "duplicate-event": twice,
    "expired-attachment": expired,
}
