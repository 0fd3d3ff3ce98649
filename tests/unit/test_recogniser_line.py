"""Chunks that wait for a worker."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from services.clients.recogniser.line import Line
from services.clients.recogniser.refusal import WithdrawnError


def a_line(room: int = 3) -> Line[str, int]:
    line: Line[str, int] = Line(room)
    line.join("a")
    line.join("b")
    return line


@contextmanager
def meanwhile(work: object) -> Iterator[threading.Thread]:
    assert callable(work)
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield thread
    thread.join(5)
    assert not thread.is_alive()


def test_each_owner_has_its_turn_however_many_items_another_has_waiting() -> None:
    line = a_line()
    for number in (1, 2, 3):
        line.put("a", number)
    assert line.take() == ("a", 1)
    line.put("b", 1)
    line.put("b", 2)

    assert [line.take() for _ in range(4)] == [("b", 1), ("a", 2), ("b", 2), ("a", 3)]


def test_who_puts_more_than_there_is_room_for_waits_until_one_is_taken() -> None:
    line = a_line(room=1)
    line.put("a", 1)
    with meanwhile(lambda: line.put("a", 2)) as putting:
        putting.join(0.05)
        assert putting.is_alive()
        line.put("b", 1)  # others have room of their own
        assert line.take() == ("a", 1)

    assert line.take() == ("b", 1)
    assert line.take() == ("a", 2)


def test_what_waits_of_one_that_leaves_is_dropped_and_nothing_of_others() -> None:
    line = a_line(room=1)
    line.put("a", 1)
    line.put("b", 1)

    def put() -> None:
        with pytest.raises(WithdrawnError):
            line.put("a", 2)

    with meanwhile(put):
        line.leave("a")
    line.leave("a")

    assert line.take() == ("b", 1)
    assert not line.has("a")
    with pytest.raises(WithdrawnError):
        line.put("a", 3)
