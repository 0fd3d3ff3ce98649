"""Rules of reports: in order while the other side is well, newest-wins after trouble, never in the way."""

import asyncio
import logging

import pytest

from services.errors import PermanentError, TransientError
from services.pipeline import projection
from services.pipeline.projection import Projection


class FakePage:
    """Takes reports; while `down`, it refuses them."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self.tried: list[str] = []
        self.down = False
        self.retry_after = 0.01
        self.gate: asyncio.Event | None = None

    async def write(self, _key: str, state: str) -> None:
        self.tried.append(state)
        if self.gate:
            await self.gate.wait()
        if self.down:
            raise TransientError("down", retry_after=self.retry_after)
        if state == "broken":
            raise PermanentError("refused")
        if state == "bug":
            raise ZeroDivisionError
        self.written.append(state)


async def test_reports_go_out_in_their_order() -> None:
    page = FakePage()
    reports = Projection("page", page.write)

    for state in "abc":
        reports.push("job", state)
    await reports.drain()

    assert page.written == ["a", "b", "c"]


async def test_after_trouble_only_the_newest_report_goes_out() -> None:
    page = FakePage()
    page.down = True
    reports = Projection("page", page.write)

    for state in "abc":
        reports.push("job", state)
    while len(page.tried) < 2:
        await asyncio.sleep(0)
    page.down = False
    await reports.drain()

    assert page.written == ["c"]


async def test_a_report_that_is_refused_for_good_does_not_hold_up_the_next(caplog: pytest.LogCaptureFixture) -> None:
    page = FakePage()
    reports = Projection("page", page.write)

    with caplog.at_level(logging.WARNING):
        for state in ("broken", "bug", "c"):
            reports.push("job", state)
        await reports.drain()

    assert page.written == ["c"]
    assert "refused" in caplog.text
    assert "ZeroDivisionError" in caplog.text


async def test_quiet_waits_for_reports_under_way_so_that_none_is_skipped() -> None:
    page = FakePage()
    reports = Projection("page", page.write)
    for state in "abc":
        reports.push("job", state)

    async with reports.quiet("job"):
        assert page.written == ["a", "b", "c"]


async def test_quiet_does_not_wait_for_trouble_and_forgets_what_it_made_out_of_date() -> None:
    page = FakePage()
    page.down = True
    reports = Projection("page", page.write)
    reports.push("job", "a")

    async with reports.quiet("job"):
        page.down = False
    await reports.drain()

    assert page.written == []


async def test_a_quiet_block_that_fails_leaves_the_report_to_be_made() -> None:
    page = FakePage()
    page.down = True
    reports = Projection("page", page.write)
    reports.push("job", "a")

    with pytest.raises(TransientError):
        async with reports.quiet("job"):
            raise TransientError("notion is down")
    page.down = False
    await reports.drain()

    assert page.written == ["a"]


async def test_one_key_in_trouble_does_not_hold_up_another() -> None:
    page = FakePage()

    async def write(key: str, state: str) -> None:
        if key == "stuck":
            raise TransientError("down", retry_after=60)
        await page.write(key, state)

    reports = Projection("page", write)
    reports.push("stuck", "a")
    reports.push("well", "b")
    async with asyncio.timeout(5):
        while page.written != ["b"]:
            await asyncio.sleep(0)
    await reports.aclose()


async def test_when_the_other_side_is_back_what_waits_is_tried_at_once_but_only_once() -> None:
    page = FakePage()
    page.down, page.retry_after = True, 60
    reports = Projection("page", page.write)
    reports.push("job", "a")

    for tries in (1, 2, 2):
        while len(page.tried) < tries:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        reports.hurry()
    await asyncio.sleep(0.01)
    await reports.aclose()

    assert page.tried == ["a", "a"]


def test_the_longest_wait_keeps_pages_true_within_five_seconds() -> None:
    assert projection.LONGEST_WAIT_S < 5


async def test_with_newest_only_what_waits_behind_a_report_under_way_is_the_newest_alone() -> None:
    page = FakePage()
    page.gate = asyncio.Event()
    reports = Projection("card", page.write, newest_only=True)

    reports.push("job", "a")
    while not page.tried:
        await asyncio.sleep(0)
    for state in "bcd":
        reports.push("job", state)
    page.gate.set()
    await reports.drain()

    assert page.written == ["a", "d"]
    assert not reports.is_busy("job")
