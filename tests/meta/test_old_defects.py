"""Every fault of the system that this one replaces has a test that names it."""

import re
from pathlib import Path

DEFECTS = {
    "a repost stayed at Processing for ever",
    "ProcessErrors never cleared after a later success",
    "a failure threw away the download and the transcript",
    "every try made a new Drive folder",
    "Notion said Error while a retry was under way",
    "write failures to Notion were swallowed",
    "language forced to English",
    "no speech counted as an error",
    "the link check was a substring test",
    "watch?v=X&list=Y fetched the playlist",
    "a fixed time limit that long streams outgrew",
    "a browser login attempted on a headless host",
}


def test_each_old_defect_is_named_by_a_test() -> None:
    tests = Path(__file__).parents[1].rglob("test_*.py")
    named = {what for test in tests for what in re.findall(r'mark\.defect\("([^"]+)"\)', test.read_text("utf-8"))}

    assert named == DEFECTS
