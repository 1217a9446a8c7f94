"""The mode of each slice: for which customers orders may leave. It is recorded for good and read when orders leave."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime

from creditline.errors import UsageError
from creditline.home import Home
from creditline.home.control import append_line, read_lines
from creditline.home.database import connect_within, path_to_read
from creditline.home.lock import holding
from creditline.home.logic_approvals import is_logic_approved
from creditline.home.people import require_person, require_two_people
from creditline.home.publications import published_mart, read_manifest
from creditline.release.golive import require_ready

DEFAULT_MODE = "observe"
ALL_SLICES = "*"
# The last step of a release takes less than a second.
_PATIENCE_SECONDS = 10
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
    """The modes in force at one time; under code that was not approved (`unapproved_logic`) every slice is in observe."""

    changes: tuple[ModeChange, ...]
    unapproved_logic: str | None = None

    def of(self, slice_code: str) -> str:
        """The mode of a slice: the latest change that names it or all slices, else observe."""
        if self.unapproved_logic:
            return DEFAULT_MODE
        named = [change.mode for change in self.changes if change.slice_code in (slice_code, ALL_SLICES)]
        return named[-1] if named else DEFAULT_MODE

    def share_percent(self, slice_code: str) -> int:
        """The share of a slice's customers for whom orders may leave, in percent."""
        mode = self.of(slice_code)
        if mode.startswith("ramp "):
            return int(mode.removeprefix("ramp "))
        return 100 if mode == "live" else 0


def read_modes(home: Home) -> Modes:
    """The modes as recorded at this instant."""
    return Modes(tuple(ModeChange(**line) for line in read_lines(home, home.modes_file)))


def modes_of_night(home: Home, business_date: date) -> Modes:
    """The modes as recorded now, for the orders of a published night. If two people did not approve the night's code, every
    slice is in observe.

    Raises:
        NotGenuine: the night's manifest or a line of what people recorded is not the home's own.
    """
    logic_hash = str(read_manifest(home, business_date, 0)["logic_hash"])
    return replace(read_modes(home), unapproved_logic=None if is_logic_approved(home, logic_hash) else logic_hash)


def set_mode(home: Home, slice_code: str, mode: str, *, by: str, approved_by: str | None = None) -> ModeChange:
    """Record a change of mode. Going live, or ramping up, takes two people and a slice that is ready; pausing takes one.

    Once this returns, no order leaves against the new mode. A release reads the modes and makes its file valid in one step
    (`leaving`); a step that read them before this change has ended by then.

    Raises:
        UsageError: there is no such mode, no person is named, or the second person is missing or is the first.
        NotReady: a slice may not go live; see `golive`.
        HomeBusy: the change is recorded, but a release at its last step does not end.
    """
    if not _MODE.match(mode):
        raise UsageError(f"mode '{mode}' is not a mode; use observe, live, paused or 'ramp N' with N from 1 to 100")
    if mode in ("observe", "paused"):
        require_person(f"mode '{mode}'", by)
    else:
        require_two_people(f"mode '{mode}'", by, approved_by)
        require_ready(home, slice_code)
    change = ModeChange(slice_code, mode, by, approved_by, datetime.now(UTC).isoformat(timespec="seconds"))
    append_line(home, home.modes_file, asdict(change))
    with leaving(home, f"'{mode}' is recorded for {slice_code}, but the last file of orders may still leave"):
        return change


@contextmanager
def leaving(home: Home, what: str) -> Iterator[None]:
    """Hold the last step of a release: from its last look at modes and answers until its orders are valid and recorded.

    Raises:
        HomeBusy: another process holds it and does not end.
    """
    with holding(home.control / ".leaving.lock", what, _PATIENCE_SECONDS):
        yield


def unknown_slice(home: Home, slice_code: str) -> str | None:
    """What is wrong with the name of a slice, by the newest published night; None if nothing is wrong or no night is published.

    A mode of an unknown slice is recorded and changes nothing, so a person who pauses it must be told.
    """
    published = home.published_dates()
    if slice_code == ALL_SLICES or not published:
        return None
    file = published_mart(home, published[-1], "fct_slice_night")
    with connect_within(home) as connection:
        rows = connection.execute(
            f"select distinct slice_code from read_parquet({path_to_read(file)}) order by 1"
        ).fetchall()
    known = [row[0] for row in rows]
    if slice_code in known:
        return None
    return f"night {published[-1]} knows no slice {slice_code}; it knows {', '.join(known)}, and * is all"
