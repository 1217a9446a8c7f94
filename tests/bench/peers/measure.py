"""What one contender reports of its own process: seconds by stage and the highest resident memory."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path


class Stages:
    """Seconds by stage, in order; a stage ends where the next one is named.

    What came before, the program, its libraries and its engine, is no stage: `start_seconds`.
    """

    def __init__(self) -> None:
        self.start_seconds = _seconds_since_start()
        self.seconds: dict[str, float] = {}
        self._since = time.perf_counter()

    def end(self, name: str) -> None:
        """What was done since the last end was this stage."""
        now = time.perf_counter()
        self.seconds[name] = round(now - self._since, 3)
        self._since = now


def peak_rss_bytes(process: str = "self") -> int:
    """The highest resident memory of a process; of this program alone, whatever the one that started it held."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"process {process} has no VmHWM")


def _seconds_since_start() -> float:
    """How long this process has been there; its stat names the clock tick after boot in which it began."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    return time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / os.sysconf("SC_CLK_TCK")


def report(stages: Stages, versions: dict[str, str], peak: int) -> None:
    """One line of JSON on standard output. What starts an engine stands beside `seconds` and is not part of it."""
    print(
        json.dumps(
            {
                "seconds": round(sum(stages.seconds.values()), 3),
                "peak_rss_bytes": peak,
                "stages": stages.seconds,
                "start_seconds": round(stages.start_seconds, 3),
                "versions": versions,
            }
        )
    )
