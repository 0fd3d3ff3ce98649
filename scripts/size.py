"""What an installation takes: `make size` installs requirements.txt into a fresh environment and weighs it.

Disk: the files' own bytes, with the bytecode that pip writes. Compressed: a tar.gz of them and of the bot, as Procfile
hosts limit it (Heroku: 500 MB, devcenter.heroku.com/articles/slug-compiler#slug-size). Python itself comes on top.
"""

import io
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).parents[1]
UV = (str(Path(sys.executable).with_name("uv")), "--quiet", "--system-certs")
LIMIT_MB = 500
LARGEST = 6


class Counted(io.RawIOBase):
    """Takes bytes and counts them."""

    size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        length = memoryview(data).nbytes  # type: ignore[arg-type]  # a buffer, whose type Python 3.11 cannot name
        self.size += length
        return length


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="auditscribe-size-") as folder:
        environment = Path(folder) / "environment"
        install(environment)
        packages = next(environment.glob("lib/python*/site-packages"))
        disk, compressed = megabytes(environment), compressed_megabytes(environment, PROJECT / "bot", *parts())
        largest = sorted(((megabytes(one), one.name) for one in packages.iterdir()), reverse=True)[:LARGEST]
    print(f"on disk     {disk:4.0f} MB, of which {', '.join(f'{name} {size:.0f}' for size, name in largest)}")
    print(f"compressed  {compressed:4.0f} MB of the {LIMIT_MB} that Procfile hosts take")
    return int(compressed > LIMIT_MB)


def install(environment: Path) -> None:
    subprocess.run([*UV, "venv", "--python", sys.executable, environment], check=True)  # noqa: S603 (ours)
    requirements = ("-r", PROJECT / "requirements.txt")
    python = ("--python", environment / "bin" / "python", "--compile-bytecode")
    subprocess.run([*UV, "pip", "install", *python, *requirements], check=True)  # noqa: S603 (ours)


def parts() -> Iterator[Path]:
    """Yield the rest of the bot."""
    yield from (PROJECT / name for name in ("cogs", "config", "scripts", "services", "requirements.txt", "Procfile"))


def megabytes(path: Path) -> float:
    files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file() and not one.is_symlink()]
    return sum(file.stat().st_size for file in files) / 10**6


def compressed_megabytes(*paths: Path) -> float:
    counted = Counted()
    with tarfile.open(fileobj=counted, mode="w|gz") as archive:
        for path in paths:
            archive.add(path, arcname=path.name)
    return counted.size / 10**6


if __name__ == "__main__":
    sys.exit(main())
