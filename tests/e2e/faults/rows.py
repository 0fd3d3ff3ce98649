"""What a row of the table of faults says."""

from dataclasses import dataclass
from typing import Literal

Group = Literal["Notion", "Discord", "Drive", "Disk and ledger", "Speech", "Clock"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A fault and its expected end. What people read is given by words of it.

    `meanwhile`: on the card while the fault lasts. `alert`: what the operator is told in the channel, once; "" for
    nothing. `ends`: what the page's status is at last, and the card's; `says`: why, on both, or a remark on the card of
    a video that is done. `within_s`: how long it may take once the fault is over, and the wait that the fault
    has brought about, whose length is the row's own.
    """

    group: Group
    fault: str
    ends: Literal["Complete", "Error"] = "Complete"
    meanwhile: str = ""
    alert: str = ""
    says: str = ""
    within_s: float = 30.0
    has_card: bool = True
    """False where Discord takes none."""
    has_page: bool = True
    """False where its page cannot say how it ended."""
    shown_by: str = ""
    """`file::test` where a test of its own runs it; else faults/<group>.py does, under the row's name."""
