"""Runs a script that cannot outlive who started it: `leash.py PARENT SCRIPT`, with PARENT's process id.

It is run by itself, before the script's imports, which may take a second, so it imports nothing heavy.
"""

import ctypes
import os
import runpy
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, script = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == int(parent):  # else it was killed a moment too early for the signal
        runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main()
