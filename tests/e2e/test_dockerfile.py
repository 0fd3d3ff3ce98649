"""The Dockerfile: what its steps make is run as its user, and takes a video."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

import bot
from sandbox.model import tiny_en
from sandbox.worlds import Worlds
from tests.e2e.image import Image
from tests.e2e.observing import audited, pages_of

PROJECT = Path(bot.__file__).parents[1]
BUILDING_S = 900


@pytest.fixture
def image(tmp_path: Path) -> Image:
    image = Image(PROJECT, tmp_path / "image")
    if not image.can_be_built():
        pytest.skip("building the image takes root, and overlayfs")
    image.build()
    return image


@pytest.fixture
async def health() -> AsyncIterator[list[int]]:
    """The port at which something tells how it is, and the status that it answers with."""
    told = [0, 200]

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=told[1])

    app = web.Application()
    app.router.add_get("/healthz", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    told[0] = runner.addresses[0][1]
    yield told
    await runner.cleanup()


async def status_of(image: Image, command: str, **environment: str) -> int:
    process = await image.start("sh", "-c", command, **environment)
    await process.communicate()
    return process.returncode or 0


@pytest.mark.long
@pytest.mark.timeout(BUILDING_S)
async def test_a_container_takes_a_video_without_being_root(worlds: Worlds, image: Image, health: list[int]) -> None:
    [volume] = image.volumes
    shutil.copytree(tiny_en(), image.path(volume) / "tiny.en")
    accounts = {
        name: value for name, value in worlds.settings().items() if name not in ("DATA_DIR", "GOOGLE_TOKEN_FILE")
    }
    process = await image.start(*image.command, **accounts | {"WHISPER_MODEL": f"{volume}/tiny.en"})
    await worlds.discord.until(lambda: worlds.discord.connected)
    message = worlds.discord.post("audit-process", worlds.site.clip_url("jfk.mp4"))
    await audited(worlds, message)
    process.terminate()
    async with asyncio.timeout(5):
        output, _ = await process.communicate()

    assert process.returncode == 0, output.decode()
    assert pages_of(worlds, message)[0]["Transcript Process Status"] == "Complete"
    assert list(image.path(volume).glob("files/**/transcript.txt"))
    assert (image.path(volume) / "auditscribe.db").stat().st_uid != 0
    assert await status_of(image, "touch /app/mine") != 0
    assert await status_of(image, image.healthcheck) == 0
    for health[1], expected in ((200, 0), (503, 1)):
        assert await status_of(image, image.healthcheck, PORT=str(health[0])) == expected


def test_what_the_image_copies_is_in_the_build_context_and_nothing_else_is() -> None:
    lines = (PROJECT / "Dockerfile").read_text().splitlines()
    copied = {line.split()[1].split("/")[0] for line in lines if line.startswith("COPY ")}
    ignored, *kept = (line for line in (PROJECT / ".dockerignore").read_text().splitlines() if line[0] != "#")

    assert ignored == "*"
    assert {line.removeprefix("!") for line in kept if line.startswith("!")} == copied
