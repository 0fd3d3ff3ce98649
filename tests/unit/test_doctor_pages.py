"""Rules of how a diagnosis is told: in a terminal, and in Discord."""

from cogs.doctor import pages
from services.doctor.finding import Finding, Level, any_red, failed
from services.errors import OperatorError, TransientError


def test_a_line_in_a_terminal_has_its_sign_and_the_remedy_below_it() -> None:
    assert (
        str(Finding(Level.WARNING, "Disk", "1 GB are free.", "Free some.")) == "! Disk: 1 GB are free.\n    Free some."
    )
    assert str(Finding(Level.OK, "Disk", "9 GB are free.")) == "✓ Disk: 9 GB are free."


def test_a_check_that_failed_is_red_and_one_may_pass_later() -> None:
    assert failed("Notion", TransientError("It is busy."), "Mend it.").remedy == "Try again in a few minutes."
    assert failed("Notion", OperatorError("It is shut.", provider="Notion"), "Mend it.").remedy == "Mend it."


def test_one_red_line_is_enough() -> None:
    fine, red = Finding(Level.OK, "a", "b"), Finding(Level.RED, "a", "b")

    assert any_red([fine, red])
    assert not any_red([fine, Finding(Level.WARNING, "a", "b")])


def test_the_red_lines_come_first() -> None:
    levels = (Level.OK, Level.RED, Level.WARNING)

    [page] = pages([Finding(level, level.name, "It is so.") for level in levels])

    assert [line[0] for line in page.splitlines()] == ["❌", "⚠", "✅"]


def test_a_long_diagnosis_is_split_within_discord_s_limits() -> None:
    findings = [Finding(Level.RED, "x" * 500, "*" * 5000, "y" * 5000) for _ in range(20)]

    shown = list(pages(findings))

    assert len(shown) > 1
    assert all(len(page) <= 4096 for page in shown)
    assert sum(page.count("❌") for page in shown) == 20
