"""The child process of yt-dlp (services/clients/ytdlp_child.py) for many requests, one after the other, in one process.

A request has "way" beside what that one takes: the library of yt-dlp's that goes out. With "bare", the link is only
opened, without a look at what it leads to. Nothing is tried twice.

Getting ready to answer takes longer than the answer: this saves nine tenths of the tests' time.
"""

import contextlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from yt_dlp import YoutubeDL
from yt_dlp.networking.exceptions import RequestError
from yt_dlp.networking.impersonate import ImpersonateTarget

from services.clients import ytdlp_child

WAYS: dict[str, dict[str, Any]] = {
    "requests": {},
    "urllib": {"compat_opts": {"prefer-legacy-http-handler"}},
    "curl_cffi": {"impersonate": ImpersonateTarget()},
}
ONCE = {"retries": 0, "extractor_retries": 0, "fragment_retries": 0, "socket_timeout": 5}
READY: dict[str, YoutubeDL] = {}


def main() -> None:
    tell = ytdlp_child.open_wire()
    usual = ytdlp_child.options
    for line in sys.stdin:
        request = json.loads(line)
        ytdlp_child.options = lambda request: usual(request) | ONCE | WAYS[request["way"]]
        with tempfile.TemporaryDirectory(dir=".") as folder, contextlib.chdir(folder):
            (open_link if request["bare"] else ytdlp_child.respond)(request, tell)


def open_link(request: dict[str, Any], tell: ytdlp_child.Tell) -> None:
    key = f"{request['way']} {request['proxy']}"
    if key not in READY:
        READY[key] = YoutubeDL(ytdlp_child.options(request))
    try:
        with READY[key].urlopen(request["url"]) as answer:
            tell(file=str(answer.status))
    except RequestError as error:
        tell(error=f"Unable to download webpage: {error}", **ytdlp_child.http_details(error))


if __name__ == "__main__":
    main()
