"""Discord as a world: a guild with its channels, and the people in it who post, press and look."""

from collections.abc import Iterable, Sequence

from sandbox.discord.commands import CHAT_INPUT, MESSAGE, chat_input, may_see
from sandbox.discord.forms import Upload
from sandbox.discord.interactions import ANSWER_WITHIN, AUTOCOMPLETE, COMMAND, COMPONENT, Interaction
from sandbox.discord.objects import Json
from sandbox.discord.place import DiscordPlace

File = tuple[str, bytes, str | None]
"""Name, bytes and content type."""


class DiscordWorld(DiscordPlace):
    """A guild with its people. See DiscordPlace and DiscordService for what it is built with.

    Where a channel is wanted, its id or its name does (with or without the emoji before it). Where a person is
    wanted, a user as `add_member` returns it: `poster` if none is named. Ids are strings, messages Discord's own JSON.
    """

    def post(
        self,
        channel: str,
        content: str = "",
        *,
        files: Iterable[File] = (),
        author: Json | None = None,
        reference: str | None = None,
        forward_of: str | None = None,
        embeds: Sequence[Json] = (),
    ) -> Json:
        """Post a message; `reference` is the id of the message it replies to, `forward_of` of one that it forwards."""
        fields: Json = {"content": content, "embeds": list(embeds)}
        if target := reference or forward_of:
            source = self._message(target)["channel_id"]
            fields["message_reference"] = {"message_id": target, "channel_id": source, "type": int(reference is None)}
        uploads = [Upload(str(slot), *file) for slot, file in enumerate(files)]
        message = self.board.compose(self.channel_id(channel), author or self.poster, fields, uploads)
        return self.board.publish(message)

    def edit(self, message_id: str, content: str) -> Json:
        return self.board.edit(self._message(message_id), {"content": content})

    def unfurl(self, message_id: str, embeds: Sequence[Json]) -> Json:
        """Add the previews of a message's links, as Discord does a moment after it was posted."""
        return self.board.edit(self._message(message_id), {"embeds": list(embeds)}, by_author=False)

    def delete(self, message_id: str) -> None:
        self.board.delete(self._message(message_id))

    def react(self, message_id: str, emoji: str, user: Json | None = None) -> None:
        self.board.reactions.add(self._message(message_id), emoji, user or self.poster)

    async def press(
        self, message_id: str, custom_id: str, user: Json | None = None, values: Sequence[str] = ()
    ) -> Interaction:
        """Press a button, or choose `values` of a select; return once the person sees an answer.

        Raises LookupError where no such component can be pressed, TimeoutError where the bot does not answer.
        """
        message = self._seen(message_id)
        component = next((found for found in _components(message) if found.get("custom_id") == custom_id), None)
        if component is None or component.get("disabled"):
            raise LookupError(f"nothing to press with custom_id {custom_id!r} in message {message_id}")
        data = {"component_type": component["type"], "custom_id": custom_id, "id": component["id"]}
        if component["type"] != 2:
            data["values"] = list(values)
        begun = self.desk.begin(COMPONENT, data, message["channel_id"], user or self.poster, message)
        return await self._answered(begun)

    async def slash(
        self, name: str, options: Json | None = None, *, user: Json | None = None, channel: str | None = None
    ) -> Interaction:
        """Use a slash command, `name subcommand` where it has some; return once the person sees an answer.

        The channel is the guild's first, if none is named. Raises LookupError for an unknown command or option,
        TimeoutError where the bot does not answer.
        """
        return await self._command(COMMAND, name, options or {}, user, channel)

    async def autocomplete(
        self,
        name: str,
        option: str,
        typed: str,
        *,
        options: Json | None = None,
        user: Json | None = None,
        channel: str | None = None,
    ) -> Interaction:
        """Type into an option of a slash command; the answer's `choices` are what is offered."""
        return await self._command(
            AUTOCOMPLETE, name, {**(options or {}), option: typed}, user, channel, focused=option
        )

    async def message_command(self, name: str, message_id: str, *, user: Json | None = None) -> Interaction:
        """Use a command from a message's menu; return once the person sees an answer."""
        message = self._message(message_id)
        guild_id = self.store.channels[message["channel_id"]]["guild_id"]
        command = self.registry.find(name, MESSAGE, guild_id)
        data = {
            "id": command["id"],
            "name": name,
            "type": MESSAGE,
            "target_id": message_id,
            "resolved": {"messages": {message_id: self.board.shown(message)}},
        }
        begun = self.desk.begin(COMMAND, data, message["channel_id"], user or self.poster)
        return await self._answered(begun)

    @property
    def connected(self) -> bool:
        """Whether the bot is listening."""
        return self.gateway.connected

    def messages(self, channel: str) -> list[Json]:
        """Return a channel's messages, oldest first."""
        return [self.board.shown(message) for message in self.store.messages[self.channel_id(channel)].values()]

    def message(self, message_id: str) -> Json:
        """Return a message, or one that only one person sees."""
        return self.board.shown(self._seen(message_id))

    @property
    def interactions(self) -> list[Interaction]:
        """What people pressed, typed and chose, oldest first, with the bot's answers."""
        return self.desk.interactions

    def reactions_on(self, message_id: str) -> dict[str, list[str]]:
        """Return who reacted to a message: user ids by emoji."""
        return {emoji: list(users) for emoji, users in self.board.reactions.on(message_id).items()}

    @property
    def reactions_log(self) -> list[tuple[str, str, str]]:
        """What the bot did, in order: message id, emoji, `add` or `remove`."""
        return self.board.reactions.log

    @property
    def commands(self) -> list[Json]:
        """All commands that the members of the first guild see."""
        return [*self.registry.of(self.guild_id), *self.registry.of(None)]

    def commands_for(self, user: Json) -> list[Json]:
        """The commands that a member of the first guild is shown: those that his permissions allow by default."""
        channel = self.store.channels_of(self.guild_id)[0]
        held = self.store.permissions(user["id"], channel)
        return [command for command in self.commands if may_see(command, held)]

    def drop_gateway(self, *, resumable: bool = True) -> None:
        """Break the bot's connection; where it is not resumable, what it misses is not replayed."""
        self.gateway.drop(resumable=resumable)

    async def _command(
        self, kind: int, name: str, options: Json, user: Json | None, channel: str | None, *, focused: str | None = None
    ) -> Interaction:
        channel_id = self.channel_id(channel or self.store.channels_of(self.guild_id)[0]["id"])
        root, *path = name.split()
        command = self.registry.find(root, CHAT_INPUT, self.store.channels[channel_id]["guild_id"])
        data = chat_input(command, path, options, focused)
        return await self._answered(self.desk.begin(kind, data, channel_id, user or self.poster))

    def _seen(self, message_id: str) -> Json:
        return self.desk.find_ephemeral(message_id) or self._message(message_id)

    async def _answered(self, interaction: Interaction) -> Interaction:
        await self.until(lambda: bool(interaction.responses), within=ANSWER_WITHIN)
        await self.until(lambda: interaction.settled)
        return interaction


def _components(parent: Json) -> Iterable[Json]:
    for child in (*parent.get("components", ()), *filter(None, [parent.get("accessory")])):
        yield child
        yield from _components(child)
