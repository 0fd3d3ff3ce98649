"""Which events an application is sent: gateway intents, and what stays hidden without the content of messages."""

from sandbox.discord.objects import Json

GUILDS = 1 << 0
GUILD_MEMBERS = 1 << 1
GUILD_PRESENCES = 1 << 8
GUILD_MESSAGES = 1 << 9
GUILD_MESSAGE_REACTIONS = 1 << 10
MESSAGE_CONTENT = 1 << 15
PRIVILEGED = GUILD_MEMBERS | GUILD_PRESENCES | MESSAGE_CONTENT

_NEEDED = (  # the first prefix that fits decides
    ("MESSAGE_REACTION_", GUILD_MESSAGE_REACTIONS),
    ("MESSAGE_", GUILD_MESSAGES),
    ("GUILD_MEMBER_", GUILD_MEMBERS),
    ("GUILD_", GUILDS),
    ("CHANNEL_", GUILDS),
    ("THREAD_", GUILDS),
)
_APPLICATION_FLAGS = {GUILD_PRESENCES: 1 << 13, GUILD_MEMBERS: 1 << 15, MESSAGE_CONTENT: 1 << 19}
"""The flag by which an application (of fewer than 100 guilds) shows that it may ask for a privileged intent."""


def wants(intents: int, event: str) -> bool:
    """Say whether a session with these intents is sent an event."""
    needed = next((intent for prefix, intent in _NEEDED if event.startswith(prefix)), 0)
    return not needed or bool(intents & needed)


def application_flags(privileged: int) -> int:
    """Return an application's flags for the privileged intents that are switched on for it."""
    return sum(flag for intent, flag in _APPLICATION_FLAGS.items() if privileged & intent)


def is_allowed(intents: int, flags: int) -> bool:
    """Say whether an application with these flags may ask for these intents."""
    return all(flag & flags for intent, flag in _APPLICATION_FLAGS.items() if intents & intent)


def without_content(message: Json, reader_id: str) -> Json:
    """Return a message as an app without the message content intent sees it; its own and its mentions stay whole."""
    if message["author"]["id"] == reader_id or any(user["id"] == reader_id for user in message["mentions"]):
        return message
    hidden = {**message, "content": "", "attachments": [], "embeds": [], "components": []}
    hidden.pop("message_snapshots", None)
    if replied_to := message.get("referenced_message"):
        hidden["referenced_message"] = without_content(replied_to, reader_id)
    return hidden
