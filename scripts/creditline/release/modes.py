"""Who may be ordered about: the mode of each slice, recorded for good and read at the instant of release."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from creditline.errors import UsageError
from creditline.home import Home
from creditline.home.control import append_line, read_lines

DEFAULT_MODE = "observe"
ALL_SLICES = "*"
_MODE = re.compile(r"^(observe|live|paused|ramp ([1-9][0-9]?|100))$")


@dataclass(frozen=True)
class ModeChange:
    """One line of `control/modes.jsonl`."""

    slice_code: str
    mode: str
    by: str
    approved_by: str | None
    recorded_at: str


@dataclass(frozen=True)
class Modes:
    """The modes in force at one instant."""

    changes: tuple[ModeChange, ...]

    def of(self, slice_code: str) -> str:
        """The mode of a slice: the latest change that names it or all slices, else observe."""
        named = [change.mode for change in self.changes if change.slice_code in (slice_code, ALL_SLICES)]
        return named[-1] if named else DEFAULT_MODE

    def share_percent(self, slice_code: str) -> int:
        """The share of customers of a slice who may be ordered about, in percent."""
        mode = self.of(slice_code)
        if mode.startswith("ramp "):
            return int(mode.removeprefix("ramp "))
        return 100 if mode == "live" else 0


def read_modes(home: Home) -> Modes:
    """The modes as recorded at this instant."""
    return Modes(tuple(ModeChange(**line) for line in read_lines(home.modes_file)))


def set_mode(home: Home, slice_code: str, mode: str, *, by: str, approved_by: str | None = None) -> ModeChange:
    """Record a change of mode. Going live, or ramping up, takes two people; pausing takes one.

    Raises:
        UsageError: no such mode, or the second person is missing or is the first.
    """
    if not _MODE.match(mode):
        raise UsageError(f"mode '{mode}' is none of observe, live, paused, 'ramp N' with N from 1 to 100")
    if mode not in ("observe", "paused") and (not approved_by or approved_by == by):
        raise UsageError(f"mode '{mode}' needs two people: give --approved-by somebody other than '{by}'")
    change = ModeChange(slice_code, mode, by, approved_by, datetime.now(UTC).isoformat(timespec="seconds"))
    append_line(home.modes_file, asdict(change))
    return change
