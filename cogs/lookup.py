"""Which job somebody means: by its id, its video's link, its message's link, or what is offered while they type."""

import asyncio
import re
from collections.abc import Collection

from discord import app_commands

from cogs.rights import Interaction, RefusedError, Rights
from cogs.views.listing import choice
from services.errors import AuditscribeError
from services.jobs.job import JOB_ID, Job, JobStatus
from services.jobs.source import source_of_link
from services.overview import Overview
from services.store import JobStore

_JOB_ID = re.compile(JOB_ID)
_MESSAGE = re.compile(r"(?:https://\S+/channels/\d+/\d+/)?([1-8]?\d{15,18})/?")
"""An id, which the ledger keeps in 63 bits."""
_CHOICES = 25
"""Discord offers no more."""
_IN_TIME_S = 2.0
"""What is typed must be answered within 3 s, and cannot be put off."""


class Lookup:
    """Finds only jobs of channels that the asker can see."""

    def __init__(self, store: JobStore, overview: Overview, rights: Rights) -> None:
        self._store = store
        self._overview = overview
        self._rights = rights

    async def find(self, interaction: Interaction, text: str) -> list[Job]:
        """Return the jobs that a text names, the newest first; several where a message holds several videos.

        Raises:
            RefusedError: there is none that the asker can see.
        """
        named = await self._named(text.strip())
        seen = await self._rights.visible(interaction, {job.origin.channel_id for job in named})
        found = [job for job in named if job.origin.channel_id in seen]
        if not found:
            raise RefusedError("No such video here: choose one from the list, or give its link or its message's link.")
        return found

    async def offered(
        self, interaction: Interaction, typed: str, statuses: Collection[JobStatus]
    ) -> list[app_commands.Choice[str]]:
        """Return the newest jobs in one of `statuses` that hold what was typed; none where Discord is slow or down."""
        try:
            async with asyncio.timeout(_IN_TIME_S):
                channels = await self._rights.visible(interaction, await self._overview.channels())
                found = await self._overview.search(typed.strip(), channels, statuses, _CHOICES)
        except (AuditscribeError, TimeoutError):
            return []
        return [choice(job) for job in found]

    async def _named(self, text: str) -> list[Job]:
        if _JOB_ID.fullmatch(text):
            found = await self._store.find(text)
            return [found] if found else []
        if message := _MESSAGE.fullmatch(text):
            return await self._store.of_message(int(message[1]))
        source = source_of_link(text)
        return await self._overview.of_source(source.key) if source else []
