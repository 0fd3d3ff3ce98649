"""What happens to messages, whoever does it: composed, posted, edited, deleted, reacted to; and told to the gateway."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from sandbox.discord.cdn import Cdn
from sandbox.discord.contents import shown_components, shown_embed
from sandbox.discord.forms import Upload
from sandbox.discord.intents import without_content
from sandbox.discord.mentions import mentions_of
from sandbox.discord.objects import Json, moment_of, now
from sandbox.discord.permissions import Permission
from sandbox.discord.reactions import Reactions
from sandbox.discord.references import reference_of
from sandbox.discord.store import THREAD_TYPES, Store

EPHEMERAL = 1 << 6
HAS_SNAPSHOT = 1 << 14
HAS_THREAD = 1 << 5
SENDABLE_FLAGS = 1 << 2 | EPHEMERAL | 1 << 12 | 1 << 15
"""Suppressed embeds, ephemeral, silent, components of the second kind."""

Tell = Callable[[str, Json], None]
"""Hands an event (its name and payload) to the gateway's sessions."""


class Board:
    """Changes messages in the store and tells the bot of it, as far as it may look into the channel."""

    def __init__(self, store: Store, cdn: Cdn, tell: Tell, *, content_is_open: bool) -> None:
        self.store = store
        self.cdn = cdn
        self.tell = tell
        self.content_is_open = content_is_open
        self.reactions = Reactions(store, self.tell_channel)

    def compose(self, channel_id: str, author: Json, fields: Json, uploads: Iterable[Upload] = (), **more: Any) -> Json:
        """Return a new message that nobody has seen yet."""
        message_id = self.store.new_id()
        message: Json = {
            "id": message_id,
            "channel_id": channel_id,
            "type": 0,
            "author": author,
            "timestamp": moment_of(message_id),
            "edited_timestamp": None,
            "tts": False,
            "pinned": False,
            "flags": 0,
            "attachments": [],
            **reference_of(self.store, channel_id, fields.get("message_reference")),
            **more,
        }
        if message.get("message_snapshots"):
            message["flags"] |= HAS_SNAPSHOT
        self._fill(message, {"content": "", "embeds": [], "components": [], **fields}, uploads)
        return message

    def publish(self, message: Json, nonce: str | int | None = None) -> Json:
        """Put a message into its channel; return it as it is shown."""
        channel = self.store.channels[message["channel_id"]]
        self.store.messages[channel["id"]][message["id"]] = message
        channel["last_message_id"] = message["id"]
        if channel["type"] in THREAD_TYPES:
            self._count_in(channel)
        sent = {**self.shown(message), **({} if nonce is None else {"nonce": nonce})}
        self.tell_message("MESSAGE_CREATE", message, sent)
        return sent

    def edit(self, message: Json, fields: Json, uploads: Iterable[Upload] = (), *, by_author: bool = True) -> Json:
        """Change what `fields` names. Embeds that Discord itself adds to links are no edit by the author."""
        self._fill(message, fields, uploads)
        if by_author:
            message["edited_timestamp"] = now()
        shown = self.shown(message)
        if not message["flags"] & EPHEMERAL:
            self.tell_message("MESSAGE_UPDATE", message, shown)
        return shown

    def delete(self, message: Json) -> None:
        channel_id, message_id = message["channel_id"], message["id"]
        del self.store.messages[channel_id][message_id]
        self.tell_channel("MESSAGE_DELETE", channel_id, {"id": message_id, "channel_id": channel_id})

    def start_thread(
        self, channel_id: str, name: str, owner: Json, message: Json | None = None, archive_after: int | None = None
    ) -> Json:
        """Open a thread, below a message where one is given: then it has the message's id."""
        thread_id = message["id"] if message else None
        thread = self.store.add_thread(channel_id, name, owner["id"], thread_id, archive_after)
        self.tell_channel("THREAD_CREATE", thread["id"], {**thread, "newly_created": True})
        if message is not None:
            message["flags"] |= HAS_THREAD
            self.edit(message, {}, by_author=False)
        return thread

    def shown(self, message: Json) -> Json:
        """Return a message as REST and the gateway show it now, with fresh urls."""
        shown = self._signed(message)
        if reactions := self.reactions.shown(message["id"]):
            shown["reactions"] = reactions
        if message["type"] == 19 and "message_reference" in message:
            target = self.store.find_message(message["message_reference"]["message_id"])
            shown["referenced_message"] = target and self._signed(target)
        if message["id"] in self.store.channels:
            shown["thread"] = self.store.channels[message["id"]]
        return shown

    def shown_to_bot(self, message: Json) -> Json:
        """Return the same as REST shows it to an application that may not have the message content intent."""
        shown = self.shown(message)
        return shown if self.content_is_open else without_content(shown, self.store.bot["id"])

    def tell_message(self, event: str, message: Json, shown: Json) -> None:
        guild_id = self.store.channels[message["channel_id"]]["guild_id"]
        member = self.store.members.get((guild_id, message["author"]["id"]))
        more = {"member": _without_user(member)} if member else {}
        mentions = [{**user, "member": self._partial(guild_id, user["id"])} for user in shown["mentions"]]
        self.tell_channel(event, message["channel_id"], {**shown, **more, "mentions": mentions})

    def tell_channel(self, event: str, channel_id: str, payload: Json) -> None:
        """Tell of something in a channel, unless the bot may not look into it."""
        channel = self.store.channels[channel_id]
        if self.store.permissions(self.store.bot["id"], channel) & Permission.VIEW_CHANNEL:
            self.tell(event, {**payload, "guild_id": channel["guild_id"]})

    def _count_in(self, thread: Json) -> None:
        """A message counts in its thread, and wakes it where it was archived."""
        thread["message_count"] += 1
        thread["total_message_sent"] += 1
        if thread["thread_metadata"]["archived"]:
            thread["thread_metadata"]["archived"] = False
            self.tell_channel("THREAD_UPDATE", thread["id"], thread)

    def _fill(self, message: Json, fields: Json, uploads: Iterable[Upload]) -> None:
        if "content" in fields:
            message["content"] = fields["content"] or ""
            self._mention(message, fields.get("allowed_mentions"))
        if "embeds" in fields:
            message["embeds"] = [shown_embed(embed) for embed in fields["embeds"] or []]
        if "components" in fields:
            message["components"] = shown_components(fields["components"] or [])
        if "flags" in fields:
            kept = message["flags"] & ~SENDABLE_FLAGS | message["flags"] & EPHEMERAL
            message["flags"] = kept | (fields["flags"] or 0) & SENDABLE_FLAGS
        message["attachments"] = self._attachments(message, fields.get("attachments"), uploads)

    def _mention(self, message: Json, allowed: Json | None) -> None:
        replied_to = None
        if message["type"] == 19 and (target := self.store.find_message(message["message_reference"]["message_id"])):
            replied_to = target["author"]["id"]
        found = mentions_of(message["content"], allowed, replied_to)
        message["mentions"] = [self.store.users[key] for key in found.users if key in self.store.users]
        message["mention_roles"] = list(found.roles)
        granted = self.store.permissions(message["author"]["id"], self.store.channels[message["channel_id"]])
        message["mention_everyone"] = found.everyone and bool(granted & Permission.MENTION_EVERYONE)

    def _attachments(self, message: Json, wanted: Sequence[Json] | None, uploads: Iterable[Upload]) -> list[Json]:
        described = {str(entry["id"]): entry for entry in wanted or []}
        kept = [entry for entry in message["attachments"] if wanted is None or entry["id"] in described]
        for upload in uploads:
            entry = described.get(upload.slot, {})
            named = replace(
                upload,
                filename=entry.get("filename") or upload.filename,
                description=entry.get("description"),
            )
            kept.append(self.cdn.keep(named, message["channel_id"], self.store.new_id()))
        if message["flags"] & EPHEMERAL:
            kept = [{**entry, "ephemeral": True} for entry in kept]
        return kept

    def _signed(self, message: Json) -> Json:
        signed = {**message, "attachments": [self.cdn.signed(entry) for entry in message["attachments"]]}
        if "message_snapshots" in message:
            signed["message_snapshots"] = [
                {"message": self._signed(snapshot["message"])} for snapshot in message["message_snapshots"]
            ]
        return signed

    def _partial(self, guild_id: str, user_id: str) -> Json:
        member = self.store.members.get((guild_id, user_id))
        return _without_user(member) if member else {}


def _without_user(member: Json) -> Json:
    return {key: value for key, value in member.items() if key != "user"}
