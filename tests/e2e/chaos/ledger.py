"""The bot's ledger, read over its shoulder: where each job is, and that what is written there stays written."""

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

ENDED = {"succeeded", "failed", "cancelled"}


@dataclass(frozen=True, slots=True)
class Run:
    """One try of one stage, as the ledger has it."""

    stage: str
    started_at: str
    ended_at: str | None
    error: str | None

    @property
    def succeeded(self) -> bool:
        return self.ended_at is not None and self.error is None

    @property
    def ended(self) -> float:
        """Seconds since the epoch; only for one that has ended."""
        return datetime.fromisoformat(self.ended_at or "").timestamp()


@dataclass(frozen=True, slots=True)
class Entry:
    """One job, as the ledger has it."""

    id: str
    message_id: str
    video_id: str
    status: str
    stage: str | None
    progress: float | None
    error: str | None
    runs: tuple[Run, ...]
    stored: dict[str, Any]
    """What lies in Drive, by role."""

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED

    @property
    def where(self) -> str:
        """The stage, and how far in it."""
        progress = "" if self.progress is None else f" {self.progress:.0%}"
        between = " done" if self.runs and self.runs[-1].succeeded and not self.has_ended else ""
        return f"{self.stage or self.status}{progress}{between}"

    def begun(self, stage: str) -> int:
        """Return how often a stage was begun."""
        return sum(run.stage == stage for run in self.runs)

    def finished(self, stage: str) -> int:
        """Return how often a stage was brought to its end."""
        return sum(run.stage == stage and run.succeeded for run in self.runs)


class Ledger:
    """The database in the bot's DATA_DIR, while the bot writes it or after it was killed."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "auditscribe.db"
        self._connection: sqlite3.Connection | None = None
        self._version = 0
        self._entries: dict[str, Entry] = {}
        self._finished: dict[str, list[Run]] = {}

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def entries(self) -> dict[str, Entry]:
        """Return all jobs by their id."""
        version = next(iter(self._select("PRAGMA data_version")), (0,))[0]
        if version != self._version:
            bodies = self._select("SELECT body FROM jobs")
            self._entries = {entry.id: entry for (body,) in bodies for entry in [entry_of(json.loads(body))]}
            self._version = version
        return self._entries

    def transcripts(self) -> dict[str, str]:
        """Return the words of each job's transcript, a line a segment."""
        bodies = self._select("SELECT job_id, body FROM transcripts")
        segments = {job_id: json.loads(body)["segments"] for job_id, body in bodies}
        return {job_id: "\n".join(one["text"].strip() for one in said) for job_id, said in segments.items()}

    def forgotten(self) -> list[str]:
        """Return which stages were done when this was last asked, and are so no more."""
        entries = self.entries()
        missing = [
            f"{job_id}: the ledger has forgotten that {run.stage} was done"
            for job_id, finished in self._finished.items()
            for run in finished
            if job_id not in entries or run not in entries[job_id].runs
        ]
        self._finished = {job.id: [run for run in job.runs if run.succeeded] for job in entries.values()}
        return missing

    def _select(self, query: str) -> list[Any]:
        if self._connection is None and self._path.exists():
            self._connection = sqlite3.connect(self._path, timeout=10)
            self._connection.execute("PRAGMA query_only = ON")
        try:
            return self._connection.execute(query).fetchall() if self._connection else []
        except sqlite3.OperationalError:  # the first start has not made the tables yet
            return []


def entry_of(job: dict[str, Any]) -> Entry:
    return Entry(
        id=job["id"],
        message_id=str(job["origin"]["message_id"]),
        video_id=job["source"]["video_id"],
        status=job["status"],
        stage=job["stage"],
        progress=job["progress"],
        error=job["error"],
        runs=tuple(Run(*(run[name] for name in Run.__slots__)) for run in job["stage_runs"]),
        stored=job["artifacts"]["stored"] or {},
    )
