"""The command line as somebody types it, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def run(*arguments: str, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    """One call of `creditline`: its exit code and what it printed."""
    options = ["--home", str(home)] if home else []
    command = [sys.executable, "-c", "from creditline.cli import main; main()", *options, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)
