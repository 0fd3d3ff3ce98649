"""A few files of tests/hostile_files.py all the way: what whoever posted them sees."""

from pathlib import Path

import pytest

from sandbox.worlds import Worlds
from tests.e2e.conftest import StartBot
from tests.e2e.observing import audited, pages_of, reactions
from tests.hostile_files import FILES, silence

ENDS = {
    "zero bytes": "This file is not a video or sound recording that can be read.",
    "an archive": "This file is not a video or sound recording that can be read.",
    "a film that is called a song": "",
    "one frame": "",
}
BOMB = "The sound goes on for longer than the bot may take, whatever the file says of its length."


@pytest.mark.long
async def test_a_file_of_any_kind_comes_to_an_end_that_is_said(
    worlds: Worlds, start_bot: StartBot, subtests: pytest.Subtests, tmp_path: Path
) -> None:
    async with start_bot(MAX_DURATION_S="60"):
        posts = [(what, worlds.discord.post("audit-process", files=[made(worlds, tmp_path, what)])) for what in ENDS]
        silence(120, told=0.01)(worlds.clips, bomb := tmp_path / "bomb.mkv")
        file = ("bomb.mkv", bomb.read_bytes(), "video/x-matroska")
        posts.append(("a bomb", worlds.discord.post("audit-process", files=[file])))
        for what, message in posts:
            with subtests.test(what):
                await audited(worlds, message)
                [page] = pages_of(worlds, message)
                error = {**ENDS, "a bomb": BOMB}[what]
                assert page["ProcessErrors"] == (f"Error in video processing: {error}" if error else "")
                assert reactions(worlds, message)[-1] == ("❌" if error else "✅")


def made(worlds: Worlds, folder: Path, what: str) -> tuple[str, bytes, str]:
    [file] = [file for file in FILES if file.what == what]
    file.write(worlds.clips, path := folder / file.name)
    return file.name, path.read_bytes(), "video/mp4"
