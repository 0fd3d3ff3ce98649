"""Asks yt-dlp for its version, and for the JavaScript runtime that it will take (the wire: services/clients/child.py).

    {"version", "deno"}     deno: its version; null where there is none, or none that is new enough

It is run by itself, so it imports nothing of ours.
"""

import json
import os

from yt_dlp.globals import supported_js_runtimes
from yt_dlp.version import __version__


def main() -> None:
    """Tell it and end."""
    events = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    deno = supported_js_runtimes.value["deno"]().info  # it looks beside Python first, then in PATH
    version = deno.version if deno and deno.supported else None
    events.write(json.dumps({"version": __version__, "deno": version}) + "\n")


if __name__ == "__main__":
    main()
