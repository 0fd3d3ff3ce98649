"""A Dockerfile's steps, carried out without Docker: on a copy-on-write view of this machine, which stays untouched."""

import asyncio
import json
import os
import shlex
import shutil
import subprocess
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Sequence
from pathlib import Path

from dockerfile_parse import DockerfileParser

_MOUNTED = """
mount -t overlay overlay -o lowerdir=/,upperdir={folder}/upper,workdir={folder}/work {folder}/root
for one in /proc /dev; do mount --rbind $one {folder}/root$one; done
for one in /etc/resolv.conf /etc/hosts; do test ! -e $one || mount --bind $one {folder}/root$one; done
exec chroot --userspec={user} {folder}/root env --chdir={workdir} "$@"
"""
_PYTHON = "/opt/python-image"
"""Where the base image's Python is: a fresh environment of the one that runs the tests."""


class Image:
    """`build` it from a Dockerfile in `context`, then `start` what it is to run. What it holds lies in `folder`."""

    def __init__(self, context: Path, folder: Path) -> None:
        self._context = context
        self._folder = folder
        self._env = {"PATH": f"{_PYTHON}/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        self._workdir, self._user = "/", "0:0"
        self.command: list[str] = []
        self.healthcheck = ""
        self.volumes: list[str] = []
        for name in ("upper", "work", "root"):
            (folder / name).mkdir(parents=True)

    def can_be_built(self) -> bool:
        """Whether this machine lets us: that takes root, and a file system that overlays can lie on."""
        tried = subprocess.run(self._inside(["true"]), check=False, capture_output=True)  # noqa: S603 (ours)
        return os.getuid() == 0 and tried.returncode == 0

    def path(self, inside: str) -> Path:
        """Return where a path of the image is, while nothing runs in it."""
        return self._folder / "upper" / inside.lstrip("/")

    def build(self) -> None:
        """Carry out every step.

        Raises:
            CalledProcessError: a RUN failed.
            NotImplementedError: a step is of a kind that the Dockerfile did not have so far.
        """
        with (self._context / "Dockerfile").open("rb") as file:
            for step in DockerfileParser(fileobj=file).structure:
                if step["instruction"] != "COMMENT":
                    self._carry_out(step["instruction"], step["value"])

    def _carry_out(self, instruction: str, value: str) -> None:
        match instruction:
            case "FROM":
                self._begin_with(value)
            case "ENV":
                self._env |= dict(pair.split("=", 1) for pair in shlex.split(value))
            case "COPY":
                self._copy(value)
            case "RUN":
                self._run(value)
            case "WORKDIR":
                self._workdir = value
            case "USER":
                self._user = value
            case "VOLUME":
                self.volumes.append(value)
            case "HEALTHCHECK":
                self.healthcheck = value.split(" CMD ", 1)[1]
            case "CMD":
                self.command = json.loads(value)
            case _:
                raise NotImplementedError(instruction)

    async def start(self, *command: str, **environment: str) -> Process:
        """Start something in a container of this image, as its user; the machine's network is the container's."""
        env = self._env | environment
        return await asyncio.create_subprocess_exec(*self._inside(command), env=env, stdout=PIPE, stderr=STDOUT)

    def _begin_with(self, image: str) -> None:
        assert image.startswith(f"python:{sys.version_info.major}.{sys.version_info.minor}-"), image
        base = Path(sys.base_prefix)
        closed = [str(parent) for parent in base.parents]
        self._run(shlex.join(["chmod", "a+rx", *closed]))
        self._run(shlex.join([str(base / "bin" / "python3"), "-m", "venv", _PYTHON]))

    def _copy(self, value: str) -> None:
        *sources, target = value.split()
        for source in sources:
            if (self._context / source).is_dir():
                to = self.path(target)
                shutil.copytree(self._context / source, to, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                to = self.path(target) / Path(source).name if target.endswith("/") else self.path(target)
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(self._context / source, to)

    def _run(self, command: str) -> None:
        pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        subprocess.run(self._inside(["sh", "-c", command]), env=self._env | pip, check=True)  # noqa: S603 (ours)

    def _inside(self, command: Sequence[str]) -> list[str]:
        script = _MOUNTED.format(folder=shlex.quote(str(self._folder)), user=self._user, workdir=self._workdir)
        return ["unshare", "--mount", "sh", "-ec", script, "sh", *command]
