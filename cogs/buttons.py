"""The buttons below a card. They know their job by their custom id, so that they outlive the bot's process."""

import re
from enum import StrEnum
from typing import Self

import discord
from discord import ButtonStyle, ui

from cogs.rights import Interaction
from cogs.views.card import links
from services.jobs.job import JOB_ID, STOPPED, Job, JobStatus

PRESSED = "job_button"
"""The event of a press; its arguments: the interaction, the action, the job's id."""


class Action(StrEnum):
    """What a button does."""

    CANCEL = "cancel"
    RETRY = "retry"
    TRANSCRIPT = "transcript"


_STYLES = {
    Action.CANCEL: ButtonStyle.danger,
    Action.RETRY: ButtonStyle.primary,
    Action.TRANSCRIPT: ButtonStyle.secondary,
}
_LINKS = ("Notion page", "Folder", "Transcript file")


_CUSTOM_ID = re.compile(rf"job:(?P<action>{'|'.join(Action)}):(?P<job_id>{JOB_ID})")


class JobButton(ui.DynamicItem[ui.Button[ui.View]], template=_CUSTOM_ID):
    """Hands a press to whoever listens for `PRESSED`."""

    def __init__(self, action: Action, job_id: str) -> None:
        button: ui.Button[ui.View] = ui.Button(
            label=action.capitalize(), style=_STYLES[action], custom_id=f"job:{action}:{job_id}"
        )
        super().__init__(button)
        self._action = action
        self._job_id = job_id

    @classmethod
    async def from_custom_id(cls, _interaction: Interaction, _item: ui.Item[ui.View], match: re.Match[str]) -> Self:
        return cls(Action(match["action"]), match["job_id"])

    async def callback(self, interaction: Interaction) -> None:
        interaction.client.dispatch(PRESSED, interaction, self._action, self._job_id)


def job_id_of(message: discord.Message) -> str | None:
    """Return the id of the job whose card a message is, by its buttons."""
    rows = (row for row in message.components if isinstance(row, discord.ActionRow))
    ids = (_CUSTOM_ID.fullmatch(item.custom_id or "") for row in rows for item in row.children)
    return next((found["job_id"] for found in ids if found), None)


def buttons(job: Job) -> ui.View:
    """Return the buttons of a job as it is, and links to what it has made."""
    view = ui.View(timeout=None)
    if not job.has_ended:
        view.add_item(JobButton(Action.CANCEL, job.id))
    if job.status in STOPPED:
        view.add_item(JobButton(Action.RETRY, job.id))
    if job.artifacts.transcript is not None:
        view.add_item(JobButton(Action.TRANSCRIPT, job.id))
    if job.status is JobStatus.SUCCEEDED:
        for name, url in links(job):
            if name in _LINKS:
                view.add_item(ui.Button(label=name, url=url))
    return view
