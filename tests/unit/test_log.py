"""Rules of the log: one line an event, in a file that is never in the way."""

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import log
from bot.log_file import LogFile
from bot.log_lines import JsonLines, TextLines
from tests.builders import a_job

JOB = a_job().id


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Leave logging as it was found."""
    root, handlers, level = logging.getLogger(), list(logging.getLogger().handlers), logging.getLogger().level
    yield
    for handler in set(root.handlers) - set(handlers):
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


def an_event(message: str = "%s: Downloading: %s", *args: object, error: Exception | None = None) -> logging.LogRecord:
    why = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("services.x", logging.INFO, "x.py", 1, message, args or (JOB, "a title"), why)


def an_error() -> Exception:
    try:
        raise ValueError("two\nlines")  # noqa: TRY301 (an error has a traceback once it was raised)
    except ValueError as error:
        return error


@pytest.mark.parametrize("form", [TextLines(), JsonLines()])
@pytest.mark.parametrize("title", ["a\nb", "a\r\x1b[2Jb", "a\u2028b", "a\x85b", 'a"b'])
def test_an_event_is_one_line_whatever_is_in_it(form: logging.Formatter, title: str) -> None:
    line = form.format(an_event("%s: %s", JOB, title, error=an_error()))

    assert len(line.splitlines()) == 1
    assert "\x1b" not in line
    assert "ValueError: two\\nlines" in line


def test_json_tells_the_jobs_id_apart() -> None:
    event = json.loads(JsonLines().format(an_event()))
    other = json.loads(JsonLines().format(an_event("%s", "discord: connected")))

    assert event["time"].endswith("+00:00")
    del event["time"], other["time"]
    assert event == {"level": "INFO", "logger": "services.x", "job": JOB, "message": f"{JOB}: Downloading: a title"}
    assert other == {"level": "INFO", "logger": "services.x", "message": "discord: connected"}


def test_events_go_to_stderr_and_to_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "logs" / "bot.log"
    log.configure("INFO", "json", file)
    logging.getLogger("bot.x").info("%s: begun", JOB)

    assert json.loads(file.read_text())["job"] == JOB
    assert capsys.readouterr().err == file.read_text()


def test_a_large_file_is_turned_over(tmp_path: Path) -> None:
    handler = LogFile(tmp_path / "bot.log", largest=1000)
    handler.setFormatter(TextLines())
    for _ in range(200):
        handler.emit(an_event())
    handler.close()

    assert sorted(path.name for path in tmp_path.iterdir()) == ["bot.log", *(f"bot.log.{n}" for n in range(1, 6))]
    assert max(path.stat().st_size for path in tmp_path.iterdir()) <= 1000


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
@pytest.mark.parametrize("file", ["/dev/full", "/dev/null/bot.log"], ids=["full disk", "no such folder"])
def test_a_file_that_cannot_be_written_is_said_once_and_the_log_goes_on(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    log.configure("INFO", "text", Path(file))
    for _ in range(3):
        logging.getLogger("bot.x").info("%s: begun", JOB)

    lines = capsys.readouterr().err.splitlines()
    assert [line.count(f"{JOB}: begun") for line in lines if "LOG_FILE" not in line] == [1, 1, 1]
    assert len([line for line in lines if "LOG_FILE" in line]) == 1
    assert "Traceback" not in "".join(lines)
    assert sys.exc_info() == (None, None, None)
