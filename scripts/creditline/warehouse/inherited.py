"""Inherited triggers that two people approved, as a night reads them; they approve them in `release.inherited`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from creditline.home import Home
from creditline.home.control import read_lines
from creditline.home.people import are_two_people
from creditline.home.proof import check_file
from creditline.home.publications import last_published
from creditline.store.inputs import InputFile, Relation

APPROVED_COLUMNS = {"customer_key": "bigint", "pack": "varchar", "trigger_code": "varchar"}


@dataclass(frozen=True)
class BatchApproval:
    """What two people said about one batch; a line of `control/inherited.jsonl`."""

    business_date: str
    batch_sha256: str
    triggers: int
    by: str
    approved_by: str
    recorded_at: str


def approved_relation(home: Home, business_date: date, previous: date | None) -> Relation:
    """`release.inherited_trigger`: the batches that were approved since the state that a night goes on from was decided.

    An approval that came while the night before was being built is read on the night after it, so one more published night
    is looked at. Reading the same approval twice changes nothing.

    Args:
        previous: the valid night before.

    Raises:
        InputRefused: a batch is not what was approved.
    """
    first = last_published(home, previous) if previous else None
    batches = dict.fromkeys(
        said.batch_sha256
        for said in _approvals(home)
        if previous and (first or previous) <= date.fromisoformat(said.business_date) < business_date
    )
    files = tuple(InputFile(home.inherited_batches / f"{batch}.parquet", batch) for batch in batches)
    for file in files:
        check_file(file.path, file.sha256)
    return Relation("release.inherited_trigger", APPROVED_COLUMNS, files)


def _approvals(home: Home) -> Iterator[BatchApproval]:
    """Approvals by two people; others have no effect."""
    for line in read_lines(home, home.inherited_file):
        said = BatchApproval(**line)
        if are_two_people(said.by, said.approved_by):
            yield said
