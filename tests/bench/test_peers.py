"""The bench beside other engines: no figure without equal results."""

from __future__ import annotations

import pytest
from copied_book import land_book
from dense_night import make_dense
from peers.contest import CONTENDERS, ResultsDiffer, contend, decide, require_equal
from peers.needed import needed_models
from peers.workload import lay_workload, run_first_night

from creditline.home.database import connect
from creditline.warehouse.logic import Logic, Model

CUSTOMERS = "select * from (values (1, 700, 'B'), (2, null, 'C')) as given (customer_key, score, band)"
ACCOUNTS = "select * from (values (11, 500), (12, 900)) as given (account_key, limit_minor)"


def written(folder, customers=CUSTOMERS, accounts=ACCOUNTS):
    folder.mkdir()
    with connect() as connection:
        for name, rows in (("customers", customers), ("accounts", accounts)):
            connection.execute(f"copy ({rows}) to '{folder}/{name}.parquet' (format parquet)")
    return folder


def test_equal_results_pass_and_what_nobody_expects_is_not_asked(tmp_path):
    found = written(tmp_path / "found", customers=f"select *, 1 as more from ({CUSTOMERS})")
    require_equal("polars", written(tmp_path / "expected"), found)


@pytest.mark.parametrize(
    ("customers", "accounts", "message"),
    [
        (CUSTOMERS, ACCOUNTS.replace("900", "901"), "account_key 12, column limit_minor: 900 expected, 901 found"),
        (CUSTOMERS.replace("null", "0"), ACCOUNTS, "customer_key 2, column score: None expected, 0 found"),
        (f"{CUSTOMERS} limit 1", ACCOUNTS, "customer_key 2, column customer_key: a row expected, no row found"),
        (CUSTOMERS.replace("700", "700.0"), ACCOUNTS, "column score: INTEGER expected"),
        (f"{CUSTOMERS} order by customer_key desc", ACCOUNTS, "sorted by key expected, 1 next found"),
    ],
    ids=["a cell", "a missing value", "a row", "a type", "the order"],
)
def test_the_first_differing_cell_is_named(tmp_path, customers, accounts, message):
    found = written(tmp_path / "found", customers, accounts)
    with pytest.raises(ResultsDiffer, match=message):
        require_equal("polars", written(tmp_path / "expected"), found)


def test_a_select_needs_its_models_and_their_ancestors_alone():
    def model(name, *parents):
        return Model(name, "view", (), {}, " ".join(f'from "warehouse"."main"."{parent}"' for parent in parents))

    models = (
        model("stg_a"),
        model("stg_b"),
        model("ftr_a", "stg_a", "seed"),
        model("ftr_b", "stg_b"),
        model("dec", "ftr_a"),
    )
    logic = Logic("duckdb", "1", (), models, ())
    needed = needed_models(logic, "select * from dec", {"stg_a": "select 1"})
    assert [part.name for part in needed] == ["stg_a", "ftr_a", "dec"]
    assert needed[0].sql == "select 1"


@pytest.fixture(scope="module")
def workload(tmp_path_factory):
    """A simulated book of two nights, the second of which was published as the first."""
    folder = tmp_path_factory.mktemp("book")
    home = land_book(folder / "home", accounts=150, nights=2, history_days=130, seed=5, tell=lambda _message: None)
    run_first_night(home)
    lay_workload(home, folder / "workload")
    assert home.published_dates() == home.landed_dates()[-1:]
    return folder / "workload"


@pytest.mark.peers
def test_every_engine_decides_what_the_night_published(workload, tmp_path):
    found = contend(workload, tmp_path, 1, lambda _message: None)
    assert tuple(one.name for one in found) == CONTENDERS
    assert all(one.seconds > 0 and one.peak_rss_bytes > 2**20 for one in found)


@pytest.mark.peers
@pytest.mark.parametrize("suspected", [2, 60], ids=["masses", "few"])
def test_every_engine_decides_a_dense_night_alike(workload, tmp_path, suspected):
    dense = make_dense(workload, tmp_path / "dense", suspected=suspected)
    for name in CONTENDERS:
        decide(name, dense, tmp_path / name)
        require_equal(name, tmp_path / CONTENDERS[0], tmp_path / name)
