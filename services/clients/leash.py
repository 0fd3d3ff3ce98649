"""Runs a program that cannot outlive who started it: `leash.py PARENT PROGRAM [LIMIT=BYTES ...]`, by process id.

PROGRAM is a script's path, or the name of a package of ours; a LIMIT is one of the kernel's, such as DATA (setrlimit).
This is run by itself, before the program's imports, which may take a second, so it imports nothing heavy.
"""

import ctypes
import os
import resource
import runpy
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, program, *limits = sys.argv[1:]
    if sys.platform == "linux":
        for limit, size in (text.split("=") for text in limits):
            resource.setrlimit(getattr(resource, f"RLIMIT_{limit}"), (int(size), int(size)))
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):  # it was killed a moment too early for the signal
        return
    if program.endswith(".py"):
        runpy.run_path(program, run_name="__main__")
    else:
        sys.path.insert(0, str(Path(__file__).parents[2]))
        runpy.run_module(program, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
