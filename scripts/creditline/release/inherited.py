"""Inherited triggers: those that were true before we knew the customer or the source (decision.md, go-live.md).

They block raises and bound nothing until two people approve the batch of a night. From the next night on they act like any
other trigger. An approval is a signed line of `control/inherited.jsonl`; its batch is kept in `control/inherited/`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from creditline.errors import CreditlineError
from creditline.home import Home
from creditline.home.control import append_line
from creditline.home.database import connect_within, one_row, path_to_read
from creditline.home.files import move_into_place, sha256_of
from creditline.home.people import require_two_people
from creditline.home.proof import check_file
from creditline.home.publications import last_valid, read_manifest
from creditline.store.parquet import write_parquet
from creditline.warehouse.inherited import APPROVED_COLUMNS, BatchApproval
from creditline.warehouse.state import state_file


class NothingInherited(CreditlineError):
    """There is no batch to show or to approve on that night."""


@dataclass(frozen=True)
class Inherited:
    """One line of a batch: the customers of a pack who have one inherited trigger, their accounts, and the limits of these."""

    pack: str
    trigger_code: str
    customers: int
    accounts: int
    limit_amount: Decimal
    first_date: date
    last_date: date


def read_batch(home: Home, business_date: date) -> tuple[Inherited, ...]:
    """The inherited triggers that the newest published night hands on and nobody approved, by pack and trigger.

    Raises:
        NothingInherited: the night is not the newest published one, or it has none.
    """
    valid = _valid_night(home, business_date)
    with connect_within(home) as connection:
        rows = connection.execute(
            "select pack, trigger_code, count(distinct triggers.customer_key), count(account_key),"
            " cast(coalesce(sum(limit_minor), 0) as decimal(34, 0)) * 0.01::decimal(3, 2),"
            " min(triggered_date), max(triggered_date)"
            f" from ({_inherited(home, valid)}) as triggers"
            f" left join read_parquet({_state(home, valid, 'account')}) as accounts using (customer_key)"
            " group by pack, trigger_code order by pack, trigger_code"
        ).fetchall()
    if not rows:
        raise NothingInherited(f"night {business_date} has no inherited trigger that waits for an approval")
    return tuple(Inherited(*row) for row in rows)


def approve_batch(home: Home, business_date: date, *, by: str, approved_by: str) -> BatchApproval:
    """Let the inherited triggers that the newest published night hands on act from the next night on; takes two people.

    Raises:
        UsageError: the second person is missing or is the first.
        NothingInherited: the night is not the newest published one, or it has none.
    """
    require_two_people("approving inherited triggers", by, approved_by)
    read_batch(home, business_date)
    folder = home.inherited_batches
    fresh = folder / f"{business_date}.fresh"
    with connect_within(home) as connection:
        rows = f"select {', '.join(APPROVED_COLUMNS)} from ({_inherited(home, _valid_night(home, business_date))}) order by all"
        write_parquet(connection, rows, fresh)
        triggers = one_row(connection.execute(f"select count(*) from read_parquet({path_to_read(fresh)})"))[0]
    batch = sha256_of(fresh)
    move_into_place(fresh, folder / f"{batch}.parquet")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    said = BatchApproval(str(business_date), batch, triggers, by, approved_by, now)
    append_line(home, home.inherited_file, asdict(said))
    return said


def _valid_night(home: Home, business_date: date) -> date:
    """The night whose state the next night starts from, if `business_date` is the newest published one."""
    newest = home.published_dates()[-1:]
    if [business_date] != newest:
        known = f"the newest published night is {newest[0]}" if newest else "no night is published"
        raise NothingInherited(f"night {business_date} is over for inherited triggers: {known}")
    valid = last_valid(home, business_date + timedelta(days=1))
    if valid is None:
        raise NothingInherited(f"no night up to {business_date} was valid: there are no inherited triggers")
    return valid


def _inherited(home: Home, valid: date) -> str:
    return f"select * from read_parquet({_state(home, valid, 'trigger')}) where is_inherited"


def _state(home: Home, valid: date, table: str) -> str:
    file = state_file(home, valid, table)
    check_file(file, read_manifest(home, valid)["state"][file.name])
    return path_to_read(file)
