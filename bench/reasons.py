"""Every kind of request that a job makes, and why it is needed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

UNEXPLAINED = "UNEXPLAINED"


@dataclass(frozen=True, slots=True)
class Kind:
    """Requests of one method to paths of one form; `{}` stands for a part that differs."""

    service: str
    method: str
    path: str
    why: str

    def takes(self, service: str, method: str, path: str) -> bool:
        form = "[^/]+".join(map(re.escape, self.path.split("{}")))
        return (self.service, self.method) == (service, method) and re.fullmatch(form, path) is not None


_MESSAGE = "/api/v10/channels/{}/messages"
KINDS: Sequence[Kind] = (
    Kind("discord", "PUT", f"{_MESSAGE}/{{}}/reactions/{{}}/@me", "Shows the stage on the message: 👀 ⬇️ ✍️ ☁️ ✅."),
    Kind(
        *("discord", "DELETE", f"{_MESSAGE}/{{}}/reactions/{{}}/@me"),
        "Takes the last stage's reaction away: Discord cannot replace one.",
    ),
    Kind("discord", "POST", _MESSAGE, "Posts the video's card, once."),
    Kind(
        *("discord", "PATCH", f"{_MESSAGE}/{{}}"),
        "Keeps the card true: each stage, the progress at most every 3 s, the result.",
    ),
    Kind(
        *("discord", "GET", f"{_MESSAGE}/{{}}"),
        "Fetches the message anew for an attachment's link, which expires.",
    ),
    Kind("discord", "GET", "/attachments/{}/{}/{}", "Downloads the attachment itself."),
    Kind(
        *("notion", "POST", "/v1/data_sources/{}/query"),
        "Looks for this post's page before making one, and for an earlier page of the same video, which would answer.",
    ),
    Kind("notion", "POST", "/v1/pages", "Makes the page, once."),
    Kind(
        *("notion", "PATCH", "/v1/pages/{}"),
        "Writes each status (update_origin channels alone), and at the end links, transcript and status in one.",
    ),
    Kind("notion", "GET", "/v1/pages/{}", "Looks at a page that another flow made, or whether one is still there."),
    Kind("notion", "GET", "/v1/users/me", "Asks once how large a file Notion takes in this workspace."),
    Kind("notion", "POST", "/v1/file_uploads", "Announces a transcript's file: text and subtitles."),
    Kind("notion", "POST", "/v1/file_uploads/{}/send", "Sends that file's bytes."),
    Kind(
        *("notion", "GET", "/v1/blocks/{}/children"),
        "Looks at what a broken-off try may have left below the page, so that nothing stands there twice.",
    ),
    Kind(
        *("notion", "PATCH", "/v1/blocks/{}/children"),
        "Writes transcript and audit record below the page, a hundred blocks a request.",
    ),
    Kind(
        *("drive", "GET", "/drive/v3/files"),
        "Finds by the marks on it what an earlier try made (root, folder, each file): nothing is made twice.",
    ),
    Kind("drive", "POST", "/drive/v3/files", "Makes the video's folder; the root folder once for all."),
    Kind(
        *("drive", "GET", "/drive/v3/files/{}"),
        "Sees at the end that the folder is still there, and before a root or folder is used again that it is.",
    ),
    Kind("drive", "POST", "/upload/drive/v3/files", "Opens the upload of a file: a session that outlives a restart."),
    Kind("drive", "PUT", "/upload/drive/v3/files", "Sends a chunk of a file, of 8 MiB or what is left."),
    Kind("drive", "GET", "/drive/v3/about", "Asks for the room that is left before a large upload."),
    Kind("drive", "POST", "/token", "Gets a new access token, once an hour."),
)


def kind_of(service: str, method: str, path: str) -> Kind:
    """Return the kind of a request; one that nobody explained is a kind of its own."""
    known = next((kind for kind in KINDS if kind.takes(service, method, path)), None)
    return known or Kind(service, method, path, UNEXPLAINED)
