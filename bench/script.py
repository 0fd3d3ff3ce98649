"""Runs the plain script (plain_script.py) over the worlds."""

import asyncio
import json
import os
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import mkdtemp

from bench.model import COMPUTE_TYPE
from sandbox.worlds import Worlds

_SCRIPT = Path(__file__).with_name("plain_script.py")


class ScriptError(Exception):
    """The script failed; the text is what it said last."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the script is told."""

    url: str
    folder: str
    model: str
    compute_type: str
    cores: int
    drive_url: str
    token_file: str
    notion_url: str
    notion_token: str
    database: str


@dataclass(frozen=True, slots=True)
class ScriptTimes:
    """Seconds that each part took. `start` is loading libraries' clients and the model."""

    start: float
    download: float
    transcription: float
    upload: float
    page: float

    @property
    def work(self) -> float:
        """All but the start: a bot that runs has that behind it."""
        return self.download + self.transcription + self.upload + self.page


async def run_script(worlds: Worlds, url: str, model: Path) -> ScriptTimes:
    """Run it once, with both cores."""
    folder = Path(mkdtemp(dir=worlds.folder))
    told = worlds.settings()
    request = Request(
        url=url,
        folder=str(folder),
        model=str(model),
        compute_type=COMPUTE_TYPE,
        cores=os.cpu_count() or 1,
        drive_url=told["DRIVE_API_URL"],
        token_file=told["GOOGLE_TOKEN_FILE"],
        notion_url=told["NOTION_API_URL"],
        notion_token=told["NOTION_TOKEN"],
        database=worlds.audit_database,
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", str(_SCRIPT)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=folder,
        env={**os.environ, **worlds.environment(), "HF_HUB_OFFLINE": "1"},
    )
    out, errors = await process.communicate(json.dumps(asdict(request)).encode() + b"\n")
    await asyncio.to_thread(shutil.rmtree, folder)
    if process.returncode:
        raise ScriptError(errors.decode(errors="replace")[-2000:])
    times = json.loads(out.splitlines()[-1])
    return ScriptTimes(**{part: ended - begun for part, (begun, ended) in times.items()})
