"""Child processes that speak JSON lines, with small scripts of the test's own."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import aclosing
from pathlib import Path

import pytest

from services.clients import child as child_module
from services.clients.child import start
from services.clients.whisper import SCRIPT as WHISPER_SCRIPT

