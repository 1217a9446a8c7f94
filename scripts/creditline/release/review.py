"""The review queue: requests that wait for a person tonight. No mode or hold stops it, because it orders nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from creditline.gate.identity import attach_identity, current_customers
from creditline.home import Home
from creditline.home.database import connect_within, one_row, path_to_write
from creditline.home.files import canonical_json, make_directory, move_into_place, partial_of, write_file
from creditline.home.marts import mart_rows
from creditline.home.proof import write_signed
from creditline.home.publications import publication_directory
from creditline.home.releases import last_record
from creditline.release.feed import control_of
from creditline.release.orders import ReleaseRefused

FEED = "review_queue"
# Ids are empty for a customer whom the identity store no longer knows.
_QUEUE = """
    select requests.case_id, requests.kind, requests.state, account.account_id, customer.customer_id, requests.ground,
        requests.opened_date, requests.due_date, requests.is_overdue, requests.limit_amount,
        requests.limit_before_cut_amount, requests.cut_date, requests.reference_limit_amount, requests.display_state,
        requests.reason_codes, requests.recheck_result, requests.is_target_higher, requests.max_grantable_amount
    from ({requests}) as requests
    left join identity.account using (account_key)
    left join {customers} as customer on requests.customer_key = customer.customer_key
"""


@dataclass(frozen=True)
class ReviewQueue:
    """What waited for a person on one night; `file` is None if nothing waited on this night and on the one before."""

    file: Path | None
    requests: int


def write_review_queue(home: Home, business_date: date) -> ReviewQueue:
    """Write `outbox/review_queue/review_queue_<date>.csv` with its control file: one row for each waiting request and
    account that it concerns, as the newest published night knows it. A queue that has become empty is written once.
    The same night again gives the same bytes.

    Raises:
        ReleaseRefused: the night is not published.
    """
    if not publication_directory(home, business_date).is_dir():
        raise ReleaseRefused(f"night {business_date} is not published; run `creditline night --date {business_date}`")
    previous = last_record(home, FEED)
    if previous and previous["business_date"] == str(business_date):
        return ReviewQueue(home.outbox / FEED / previous["file"], previous["rows"])
    if business_date != max(home.published_dates()):
        # the queue of a later night replaces this one
        return ReviewQueue(None, 0)
    sequence = previous["sequence"] + 1 if previous else 1
    file = home.feed_file(FEED, f"{business_date}.csv")
    with connect_within(home) as connection:
        attach_identity(connection, home)
        connection.execute(
            "create table queue as "
            + _QUEUE.format(
                requests=mart_rows(home, "fct_review_request", [business_date]), customers=current_customers()
            )
        )
        rows = one_row(connection.execute("select count(*) from queue"))[0]
        if not rows and not (previous and previous["rows"]):
            return ReviewQueue(None, 0)
        make_directory(file.parent)
        partial = partial_of(file)
        connection.execute(
            f"copy (from queue order by due_date, case_id, account_id) to {path_to_write(partial)} (format csv, header true)"
        )
        move_into_place(partial, file)
        total = one_row(connection.execute("select coalesce(sum(limit_amount), 0)::decimal(38, 2)::varchar from queue"))
    control = control_of(FEED, file, business_date, sequence, previous, rows, {"limit_amount": total[0]})
    write_file(file.with_suffix(".ctl"), canonical_json(control))
    write_signed(home, home.releases / FEED / f"{sequence:06d}.json", control)
    return ReviewQueue(file, rows)
