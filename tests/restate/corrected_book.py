"""A book in which somebody was cut on arrears that were none, as a later delivery says."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path

import duckdb
from small_delivery import NIGHT, add_correction, add_entry, change_entry, deliver, small_home, spoil, spoil_cell

from creditline.home import Home
from creditline.landing.contract import contract
from creditline.landing.delivery import DeliveredTable, write_delivery
from creditline.night import NightResult, run_night
from creditline.release import ALL_SLICES, set_mode
from creditline.watch import watch

FIRST, CUT, AFTER, CORRECTED, NEXT, LAST = (NIGHT + timedelta(days=number) for number in range(6))
RESTATED = (CUT, AFTER, CORRECTED)
SNAPSHOT = "account_snapshot.csv"
# The customer, whose two accounts are the first two rows of a delivery, and what the core had granted them.
CUSTOMER = 1
ACCOUNTS = ("A00000", "A00001")
GRANTED, FLOOR = ("5000.00", "5001.00"), ("10.00", "10.00")
PEOPLE = {"reason": "arrears were booked to the wrong account", "by": "maker", "approved_by": "checker"}


def land(home: Home, night: date, *, limits: tuple[str, str] = GRANTED, days_past_due: str = "0") -> Path:
    """Deliver a night on which the customer's accounts have these limits, and the first of them these arrears."""
    directory = deliver(home, night=night)
    for row, limit in enumerate(limits, start=1):
        spoil_cell(directory, SNAPSHOT, row, "limit_amount", limit)
    spoil_cell(directory, SNAPSHOT, 1, "days_past_due", days_past_due)
    change_entry(directory, SNAPSHOT, coverage_from=str(NIGHT - timedelta(days=200)))
    return directory


def correct(directory: Path, original: Path, of: date) -> None:
    """Add to a delivery the first row of an earlier one, without arrears."""
    header, row, *_ = (original / SNAPSHOT).read_text().splitlines()
    cells = dict(zip(header.split(","), row.split(","), strict=True)) | {"days_past_due": "0"}
    add_correction(directory, "account_snapshot", of, f"{header}\n{','.join(cells.values())}\n")


def build_cut_home(root: Path) -> Home:
    """Three nights: nothing, a cut on arrears, the cut applied."""
    home = small_home(root)
    set_mode(home, ALL_SLICES, "live", by="maker", approved_by="checker")
    land(home, FIRST)
    run_night(home, FIRST)
    land(home, CUT, days_past_due="45")
    run_night(home, CUT)
    run_next(home, AFTER, FLOOR)
    return home


def tell_of_no_arrears(home: Home) -> None:
    """A fourth night, whose delivery says that there were no arrears on the night of the cut."""
    correct(land(home, CORRECTED, limits=FLOOR), home.landing / str(CUT), CUT)
    run_night(home, CORRECTED)


def tell_of_a_pause(home: Home) -> None:
    """A fourth night, on whose day it becomes known that the customer had been granted a pause before the night of the cut."""
    directory = land(home, CORRECTED, limits=FLOOR)
    cells = {"event_id": "E1", "kind": "hardship_pause", "customer_id": "C00000", "occurred_at": f"{CUT}T02:00:00Z",
             "from_date": str(CUT - timedelta(days=60)), "to_date": str(CORRECTED)}  # fmt: skip
    header = tuple(contract()["case_event"].mandatory_columns)
    (directory / "case_event.csv").write_text(
        f"{','.join(header)}\n{','.join(cells.get(name, '') for name in header)}\n"
    )
    add_entry(directory, "case_event")
    run_night(home, CORRECTED)


def tell_of_a_merge(home: Home) -> None:
    """A fifth night, on which the customer is merged into another one."""
    directory = land(home, NEXT, limits=FLOOR)
    for file in (SNAPSHOT, "session.csv"):
        spoil(directory, file, lambda content: content.replace(b"C00000", b"C00003"))
    change = f"merge,customer,C00000,C00003,{NEXT}"
    (directory / "id_change.csv").write_text(f"kind,subject,old_id,new_id,effective_date\n{change}\n")
    add_entry(directory, "id_change")
    run_night(home, NEXT)


def tell_between_nights(home: Home) -> None:
    """A fourth night, on whose day a watch took in a session from a region of its own; the night's delivery lacks it."""
    land(home, CORRECTED, limits=FLOOR)
    with duckdb.connect() as connection:
        connection.execute(
            "create table session as select 'T1' as event_id, 'C00005' as customer_id,"
            f" timestamp '{AFTER} 23:00:00' as occurred_at, 'strange' as device_id, 'far' as ip_region,"
            " true as is_proxy, true as succeeded"
        )
        write_delivery(
            connection,
            home.landing,
            feed="intraday",
            business_date=CORRECTED,
            sequence=1,
            delivered_at=datetime.combine(CORRECTED, time(2)),
            cutoff_at=home.cut_off_at(CORRECTED),
            tables=[DeliveredTable("session", "session")],
            file_format="csv",
            at="1000",
        )
    watch(home, CORRECTED)
    run_night(home, CORRECTED)


def run_next(home: Home, night: date, limits: tuple[str, str]) -> NightResult:
    """Land and run one more night."""
    land(home, night, limits=limits)
    return run_night(home, night)
