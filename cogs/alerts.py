"""One message in the channel when a person must mend something: a token, cookies, a quota, a full disk."""

import discord

from cogs.discord_errors import named_errors
from cogs.views.text import plain
from services.jobs.job import Job, Stage
from services.pipeline.projection import Projection
from services.store import JobStore

_REASON = 700
"""Characters of an error."""


class Alerts:
    """An observer: tells of a provider once, until a job that it held up has passed."""

    def __init__(self, client: discord.Client, store: JobStore) -> None:
        self._client = client
        self._store = store
        self._held: dict[str, tuple[str, Stage | None]] = {}
        self._alerts: Projection[str, Job | None] = Projection("alert", self._report)

    def notice(self, job: Job) -> None:
        if job.waiting_for and job.origin.channel_id:
            known = any(provider == job.waiting_for for provider, _ in self._held.values())
            self._held[job.id] = (job.waiting_for, job.stage)
            if not known:
                self._alerts.push(job.waiting_for, job)
        elif job.id in self._held and (job.has_ended or job.stage is not self._held[job.id][1]):
            provider, _ = self._held.pop(job.id)
            if not any(other == provider for other, _ in self._held.values()):
                self._alerts.push(provider, None)

    async def drain(self) -> None:
        await self._alerts.drain()

    async def aclose(self) -> None:
        await self._alerts.aclose()

    async def _report(self, provider: str, job: Job | None) -> None:
        """Alert, unless that was done before a restart; without a job: the provider is well again."""
        note = f"alerted {provider}"
        if job is None:
            await self._store.drop_note(note)
        elif not await self._is_told(provider, note):
            channel = self._client.get_partial_messageable(job.origin.channel_id, guild_id=job.origin.guild_id)
            with named_errors():
                await channel.send(
                    f"⚠️ {plain(job.error or '', _REASON)} Videos wait for it and then go on by themselves."
                )
            await self._store.keep_note(note, job.id)

    async def _is_told(self, provider: str, note: str) -> bool:
        """Return whether the job that the note names still waits: a killed bot may not have lived to drop its note."""
        job_id = await self._store.find_note(note)
        return job_id is not None and (await self._store.get(job_id)).waiting_for == provider
