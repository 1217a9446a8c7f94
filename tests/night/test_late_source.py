"""A late source cuts nobody: its features keep the values of the last trusted night."""

from __future__ import annotations

import json

import duckdb
from homes import copy_home

from creditline.landing.contract import MANIFEST_FILE
from creditline.night import run_night
from creditline.publish.reader import query_marts
from creditline.simulate import continue_book
from creditline.warehouse.state import state_file

LATE = ("cash_flow", "related_product")
OF_LATE_SOURCES = "columns('^f(2[5-9]|3[012]|4[12])_')"


def test_a_late_source_keeps_its_last_trusted_values(sample_book, tmp_path):
    home = copy_home(sample_book.home, tmp_path / "home")
    before = home.published_dates()[-1]
    (tonight,) = continue_book(home, nights=1).dates
    path = home.landing / str(tonight) / MANIFEST_FILE
    manifest = json.loads(path.read_text())
    manifest["sources"] = [entry for entry in manifest["sources"] if entry["source"] not in LATE]
    path.write_text(json.dumps(manifest))
    run_night(home, tonight)

    _, rows = query_marts(home, f"select distrusted_source_count from fct_night where business_date = date '{tonight}'")
    assert rows == [(len(LATE),)]
    then, now = state_file(home, before, "customer"), state_file(home, tonight, "customer")
    with duckdb.connect() as connection:
        moved = connection.execute(
            f"select customer_key, {OF_LATE_SOURCES} from '{then}' except select customer_key, {OF_LATE_SOURCES} from '{now}'"
        ).fetchall()
        others = connection.execute(
            f"select count(*) from (select customer_key, f01_dpd_now, f06_util_bp from '{then}'"
            f" except select customer_key, f01_dpd_now, f06_util_bp from '{now}')"
        ).fetchone()[0]
    assert moved == []
    assert others > 0
    cited = {
        row[0]
        for row in query_marts(
            home, f"select distinct feature from fct_decision_reason where business_date = date '{tonight}'"
        )[1]
    }
    assert cited
