"""What must be true when all is quiet: each posted video is one of everything, and nothing was done twice."""

import hashlib
import re
import time
from asyncio import get_running_loop
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from sandbox.server import Exchange
from sandbox.worlds import Worlds
from tests.e2e.chaos.ledger import Entry, Ledger
from tests.e2e.chaos.posts import Kind, Video

ROLES = ["audio", "srt", "text", "video"]
ORDER = ["Processing", "Downloading", "Transcribing", "Uploading to Drive", "Complete"]
FETCHED_ANEW = ("Transcribing", "Downloading")
"""The one way back: a bot killed while it hears what still comes down has no whole video, and fetches it anew."""
STATUS = "Transcript Process Status"

Json = dict[str, Any]


class Verdict:
    """Compares the worlds and the ledger with what was posted, at the moment when it is made."""

    def __init__(self, worlds: Worlds, ledger: Ledger, videos: Sequence[Video], work: Path) -> None:
        self._worlds = worlds
        self._videos = videos
        self._work = work
        self._jobs = {(job.message_id, job.video_id): job for job in ledger.entries().values()}
        self._transcripts = ledger.transcripts()
        self._epoch = time.time() - get_running_loop().time()

    def is_quiet(self) -> bool:
        """Whether each video has ended, and everybody was told."""
        return all(
            (job := self._job(video)) and job.has_ended and self._reactions(video) in (["✅"], ["❌"])
            for video in self._videos
        ) and all(self._ended_cards(message_id) >= count for message_id, count in self._posted.items())

    def traces(self) -> Json:
        """Return what the bot has left in the worlds, to be compared with another time."""
        return {
            "pages": {page: self._history(page) for page in self._pages},
            "files": self._worlds.drive.tree(),
            "messages": [(message["id"], message["edited_timestamp"]) for message in self._messages],
            "reactions": len(self._worlds.discord.reactions_log),
            "work": self._leftovers(),
        }

    def sentences(self) -> Iterator[str]:
        """Yield what is wrong."""
        for video in self._videos:
            job = self._job(video)
            wrong = self._wrong_with(video, job) if job else ["the ledger does not know it"]
            yield from (f"{video.label}: {sentence}" for sentence in wrong)
        yield from self._too_many()
        yield from self._wrong_cards()
        yield from self._different_files_of_a_clip()
        yield from self._bytes_sent_again()
        yield from (f"left in the work folder: {name}" for name in self._leftovers())
        yield from self._worlds.violations

    def _wrong_with(self, video: Video, job: Entry) -> Iterator[str]:
        if job.status != "succeeded":
            yield f"ended as {job.status}: {job.error}"
        yield from self._stages_run_again(job)
        yield from self._wrong_page(video, job)
        yield from self._wrong_folder(video, job)
        yield from self._requests_after_the_download(video, job)
        if self._reactions(video) != ["✅"]:
            yield f"the message shows {self._reactions(video)}"

    def _stages_run_again(self, job: Entry) -> Iterator[str]:
        done: set[str] = set()
        for run in job.runs:
            if run.stage in done:
                yield f"{run.stage} ran again, though it was done"
            if run.succeeded:
                done.add(run.stage)
        yield from (f"{stage} was never done" for stage in ORDER if stage not in done)

    def _wrong_page(self, video: Video, job: Entry) -> Iterator[str]:
        final = "complete" if video.kind is Kind.OUTLOOK else "Complete"
        found = [page for page, values in self._pages.items() if _is_page_of(video, values)]
        if len(found) != 1:
            yield f"it has {len(found)} pages"
        for page in found:
            history = self._history(page)
            if not history or history[-1] != final or self._pages[page][STATUS] != final:
                yield f"its page ends with {history}"
            steps = [] if video.kind is Kind.OUTLOOK else list(pairwise(history))
            if {(a, b) for a, b in steps if ORDER.index(a) > ORDER.index(b)} - {FETCHED_ANEW}:
                yield f"its page went back: {history}"
            if self._pages[page]["Transcript"] != self._transcripts.get(job.id, "")[:2000]:
                yield "its page has another transcript than the ledger"

    def _wrong_folder(self, video: Video, job: Entry) -> Iterator[str]:
        folders = [folder for folder in self._folders if folder["appProperties"].get("owner") == job.id]
        if len(folders) != 1:
            yield f"it has {len(folders)} folders"
        files = [file for folder in folders for file in folder["children"]]
        if sorted(file["appProperties"].get("role") for file in files) != ROLES:
            yield f"its folder has the files {[file['name'] for file in files]}"
        for file in files:
            role = file["appProperties"]["role"]
            if job.stored.get(role, {}).get("id") != file["id"]:
                yield f"the ledger knows another file as {role}"
        by_role = {file["appProperties"]["role"]: file["md5"] for file in files}
        posted = self._worlds.clips / video.clip
        if posted.exists() and by_role.get("video") != _md5(posted.read_bytes()):
            yield "its video is not what was posted"
        if by_role.get("text") != _md5(f"{self._transcripts.get(job.id, '')}\n".encode()):
            yield "its transcript in Drive is not the ledger's"

    def _requests_after_the_download(self, video: Video, job: Entry) -> Iterator[str]:
        ended = [run.ended for run in job.runs if run.stage == "Downloading" and run.succeeded]
        if ended and any(self._asks_for(video, one) and one.at + self._epoch > ended[0] for one in self._asked):
            yield "it was asked for again after its download was done"

    def _asks_for(self, video: Video, exchange: Exchange) -> bool:
        address = exchange.path + "".join(f"?{key}={value}" for key, value in exchange.query.items() if key == "number")
        return video.video_id in address.split("/") or video.video_id.endswith(address)

    def _too_many(self) -> Iterator[str]:
        for what, count, expected in (
            ("jobs", len(self._jobs), len(self._videos)),
            ("pages", len(self._pages), len(self._videos)),
            ("folders", len(self._folders), len(self._videos)),
            ("files", len(self._worlds.drive.files()), len(self._videos) * len(ROLES)),
            ("root folders", len(self._worlds.drive.tree()), 1),
            ("transcripts", len(self._transcripts), len(self._videos)),
        ):
            if count != expected:
                yield f"{count} {what} instead of {expected}"

    def _wrong_cards(self) -> Iterator[str]:
        for message_id, count in self._posted.items():
            cards = self._cards(message_id)
            jobs = {embed["footer"]["text"] for embed in cards}
            if len(cards) != count or len(jobs) != count:
                yield f"message {message_id} with {count} videos has {len(cards)} cards of the jobs {sorted(jobs)}"
            for embed in cards:
                if not embed["description"].startswith("✅"):
                    yield f"the card of {embed['footer']['text']} says in the end: {embed['description']}"
        if len(self._messages) != len(self._videos):
            yield f"the bot has sent {len(self._messages)} messages for {len(self._videos)} videos"

    def _different_files_of_a_clip(self) -> Iterator[str]:
        clips = {job.id: video.clip for video in self._videos if (job := self._job(video))}
        contents: defaultdict[tuple[str | None, str], Counter[str | int]] = defaultdict(Counter)
        for file in self._worlds.drive.files():
            owner, role = (file["appProperties"].get(name) for name in ("owner", "role"))
            if role == "video":
                contents[clips.get(owner), role][file["md5"]] += 1
            if role == "audio":  # its container has a random serial number
                contents[clips.get(owner), role][file["bytes"]] += 1
        for (name, role), found in contents.items():
            if len(found) > 1:
                yield f"{name} has become different {role} files: {dict(found)}"

    def _bytes_sent_again(self) -> Iterator[str]:
        """Bytes that Drive had confirmed are not sent a second time, whatever happened to the bot."""
        confirmed: Counter[tuple[str, str]] = Counter()
        for exchange in self._worlds.drive.exchanges:
            span = re.fullmatch(r"bytes (\d+)-(\d+)/\d+", exchange.headers.get("Content-Range", ""))
            if span is None:
                continue
            session = self._worlds.drive.transfer._sessions[exchange.query["upload_id"]]
            planted = session.file.metadata["appProperties"]
            file = planted["owner"], planted["role"]
            if int(span[1]) < confirmed[file]:
                yield f"{file[1]} of {file[0]}: bytes from {span[1]} were sent again, Drive had {confirmed[file]}"
            if exchange.status in (200, 308):
                confirmed[file] = int(span[2]) + 1

    def _leftovers(self) -> list[str]:
        return sorted(str(path.relative_to(self._work)) for path in self._work.glob("*"))

    def _job(self, video: Video) -> Entry | None:
        return self._jobs.get((video.message_id, video.video_id))

    def _reactions(self, video: Video) -> list[str]:
        return list(self._worlds.discord.reactions_on(video.message_id))

    def _cards(self, message_id: str) -> list[Json]:
        """Return what the replies to a message show."""
        return [
            embed
            for message in self._messages
            if (message.get("message_reference") or {}).get("message_id") == message_id
            for embed in message["embeds"]
        ]

    def _ended_cards(self, message_id: str) -> int:
        return sum(embed["description"].startswith(("✅", "❌")) for embed in self._cards(message_id))

    def _history(self, page: str) -> list[str]:
        return [status for status in self._worlds.notion.status_history(page, STATUS) if status]

    @cached_property
    def _posted(self) -> Counter[str]:
        return Counter(video.message_id for video in self._videos)

    @cached_property
    def _messages(self) -> list[Json]:
        """Everything that the bot has said."""
        discord = self._worlds.discord
        channels = ("audit-process", "market-outlook")
        said = [message for channel in channels for message in discord.messages(channel)]
        return [message for message in said if message["author"]["id"] == discord.bot["id"]]

    @cached_property
    def _pages(self) -> dict[str, Json]:
        notion, databases = self._worlds.notion, (self._worlds.audit_database, self._worlds.videos_database)
        return {page: notion.page_values(page) for database in databases for page in notion.pages(database)}

    @cached_property
    def _folders(self) -> list[Json]:
        return [folder for root in self._worlds.drive.tree() for folder in root["children"]]

    @cached_property
    def _asked(self) -> list[Exchange]:
        """Every request for a video."""
        everything = [*self._worlds.site.exchanges, *self._worlds.discord.exchanges]
        return [one for one in everything if one.path.startswith(("/clips/", "/youtube/", "/attachments/"))]


def _is_page_of(video: Video, values: Json) -> bool:
    message_id = values.get("Message ID", video.message_id)  # which the database of videos has not
    return (values["Video ID"], message_id) == (video.video_id, video.message_id)


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def tell(wrong: Sequence[str], say: Callable[[str], None]) -> None:
    """Say what was wrong in the end, a line each, or that nothing was."""
    for sentence in wrong:
        say(f"WRONG: {sentence}")
    say(f"{len(wrong)} faults." if wrong else "Every video is one page, one folder, each file once, one card.")
