"""How Discord refuses: an HTTP status, a code of its own and a message."""

from dataclasses import dataclass

from sandbox.discord.objects import Json


@dataclass(frozen=True, slots=True)
class Refusal:
    """One row of https://discord.com/developers/docs/topics/opcodes-and-status-codes#json."""

    status: int
    code: int
    message: str


class DiscordError(Exception):
    """A request is refused; `errors` names the fields of a form that are to blame."""

    def __init__(self, refusal: Refusal, errors: Json | None = None) -> None:
        super().__init__(refusal.message)
        self.status = refusal.status
        self.body: Json = {"message": refusal.message, "code": refusal.code}
        if errors is not None:
            self.body["errors"] = errors


NOT_FOUND = Refusal(404, 0, "404: Not Found")
UNAUTHORIZED = Refusal(401, 0, "401: Unauthorized")
UNKNOWN_APPLICATION = Refusal(404, 10002, "Unknown Application")
UNKNOWN_CHANNEL = Refusal(404, 10003, "Unknown Channel")
UNKNOWN_GUILD = Refusal(404, 10004, "Unknown Guild")
UNKNOWN_MEMBER = Refusal(404, 10007, "Unknown Member")
UNKNOWN_MESSAGE = Refusal(404, 10008, "Unknown Message")
UNKNOWN_USER = Refusal(404, 10013, "Unknown User")
UNKNOWN_EMOJI = Refusal(400, 10014, "Unknown Emoji")
UNKNOWN_WEBHOOK = Refusal(404, 10015, "Unknown Webhook")
UNKNOWN_INTERACTION = Refusal(404, 10062, "Unknown interaction")
TOO_MANY_REACTIONS = Refusal(400, 30010, "Maximum number of reactions reached (20)")
ENTITY_TOO_LARGE = Refusal(413, 40005, "Request entity too large")
ALREADY_ACKNOWLEDGED = Refusal(400, 40060, "Interaction has already been acknowledged.")
MISSING_ACCESS = Refusal(403, 50001, "Missing Access")
NOT_YOUR_MESSAGE = Refusal(403, 50005, "Cannot edit a message authored by another user")
EMPTY_MESSAGE = Refusal(400, 50006, "Cannot send an empty message")
MISSING_PERMISSIONS = Refusal(403, 50013, "Missing Permissions")
INVALID_WEBHOOK_TOKEN = Refusal(401, 50027, "Invalid Webhook Token")
INVALID_FORM = Refusal(400, 50035, "Invalid Form Body")
ARCHIVED_THREAD = Refusal(400, 50083, "Thread is archived")
THREAD_ALREADY_CREATED = Refusal(400, 160004, "A thread has already been created for this message")


def invalid(field: str, code: str, message: str) -> DiscordError:
    """Return the refusal of a form whose `field` (a dotted path) is to blame."""
    errors: Json = {"_errors": [{"code": code, "message": message}]}
    for name in reversed(field.split(".")):
        errors = {name: errors}
    return DiscordError(INVALID_FORM, errors)
