"""Jumps that two people accepted: a delivery that looks wrong beside the nights before it, and is right.

A migration, a promotion, a portfolio that was bought. `control/gate_acceptances.jsonl` names the night, the source and the sha256
of the file, so that no other file is accepted with it. From that night on the source is compared with what it was then.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime

from creditline.errors import UsageError
from creditline.home import Home
from creditline.home.control import append_line, read_lines
from creditline.home.people import require_two_people
from creditline.landing.manifest import read_manifest
from creditline.store.built import forget_build
from creditline.store.record import DeliveryRecord, delivery_records, is_told, withdraw_record

_FILE = "gate_acceptances.jsonl"


@dataclass(frozen=True)
class GateAcceptance:
    """One line of `control/gate_acceptances.jsonl`."""

    business_date: date
    source: str
    file_sha256: str
    by: str
    approved_by: str
    reason: str
    recorded_at: str

    @property
    def told(self) -> str:
        """Who accepted it and why, for the reasons of a verdict."""
        return f"accepted by {self.by} and {self.approved_by}: {self.reason}"


def read_acceptances(home: Home) -> dict[tuple[date, str, str], GateAcceptance]:
    """Every acceptance, by night, source and sha256 of the file. Raises NotGenuine."""
    lines = read_lines(home, home.control / _FILE)
    found = [GateAcceptance(**{**line, "business_date": date.fromisoformat(line["business_date"])}) for line in lines]
    return {(each.business_date, each.source, each.file_sha256): each for each in found}


def accept_jump(
    home: Home, source: str, business_date: date, *, by: str, approved_by: str, reason: str
) -> GateAcceptance:
    """Record that two people accept what the figures of a source say on one night, for the file that lies in landing/.

    A delivery of a night that is not published is judged again. A published night stays as it is; the nights after it are
    compared with the accepted file.

    Raises:
        UsageError: the second person is missing or is the first, no reason is given, or the delivery has no such file.
        FileRefused: the delivery has no valid manifest.
    """
    require_two_people("accepting a jump", by, approved_by)
    if not reason.strip():
        raise UsageError("accepting a jump needs a reason that can be read years later: give --reason TEXT")
    record = _record(home, business_date)
    digest = _file_sha256(home, source, business_date, record)
    key = (business_date, source, digest)
    if (known := read_acceptances(home).get(key)) is not None:
        return known
    accepted = GateAcceptance(
        business_date, source, digest, by, approved_by, reason, datetime.now(UTC).isoformat(timespec="seconds")
    )
    append_line(home, home.control / _FILE, {**asdict(accepted), "business_date": str(business_date)})
    if record is not None and not is_told(home, business_date):
        forget_build(home, business_date)
        withdraw_record(home, record)
    return accepted


def _record(home: Home, business_date: date) -> DeliveryRecord | None:
    """The delivery of a night, if it was taken in."""
    return next((record for record in delivery_records(home) if record.business_date == business_date), None)


def _file_sha256(home: Home, source: str, business_date: date, record: DeliveryRecord | None) -> str:
    if record is not None:
        found = [
            entry.file_sha256 for entry in record.sources if _is_own(entry.source, entry.corrects_business_date, source)
        ]
    else:
        manifest, _ = read_manifest(home.landing / str(business_date))
        found = [
            entry.sha256 for entry in manifest.sources if _is_own(entry.source, entry.corrects_business_date, source)
        ]
    if not found:
        raise UsageError(f"the delivery of {business_date} has no file of {source}; name a source that it delivered")
    return found[0]


def _is_own(source: str, corrected: date | None, wanted: str) -> bool:
    return source == wanted and corrected is None
