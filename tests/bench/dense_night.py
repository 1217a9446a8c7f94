"""A night on which everything happens to everybody, for tests of the contenders: the raw files of a laid workload, made anew.

A simulated book holds every cause, each as rarely as in life; here most accounts have several, earlier versions of rows lie
beside the latest ones, and every source reaches far back.
"""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

from creditline.home.database import connect

SNAPSHOT = """
select * exclude (n, night) replace (
    account_key // 3 as customer_key,
    cast(list_extract([0, 5, 10, 995.55, 1000, 3333.33, 20000, 60000, 150000, 250000], 1 + pick(account_key, 1, 10)) as decimal(18, 2))
        as limit_amount,
    cast(pick(account_key + n, 2, 1200000) / 10.0 * pick(account_key, 22, 3) as decimal(18, 2)) as principal_balance,
    list_extract(['active', 'active', 'active', 'active', 'active', 'blocked', 'closed'], 1 + pick(account_key, 3, 7)) as status,
    list_extract(['jiebei_mini', 'jiebei_standard', 'jiebei_plus', 'of_no_tier'], 1 + pick(account_key, 4, 4)) as product_code,
    list_extract(['consumer', 'business'], 1 + pick(account_key, 5, 2)) as purpose_code,
    cast(list_extract([null, 0, 400, 2500, 9000], 1 + pick(account_key, 6, 5)) as decimal(18, 2)) as income_monthly_amount,
    night - cast(pick(account_key, 7, 300) as integer) as income_as_of_date,
    list_extract([null, 'opted_in', 'opted_in', 'opted_in'], 1 + pick(account_key, 8, 4)) as raise_consent_code,
    night - cast(30 + pick(account_key, 9, 900) as integer) as opened_date,
    case when pick(account_key // 3, 10, 3) = 0 then pick(account_key + n, 11, 60) else 0 end as days_past_due,
    night - cast(n as integer) as business_date
)
from (select given.*, n, night from given cross join range({nights}) as nights(n) cross join tonight)
"""
CASES = """
select
    night as business_date, batch_id, known_at, n as source_row, 'case-' || n as event_token,
    list_extract(
        ['appeal', 'override', 'override', 'override', 'hardship_pause', 'hardship_pause', 'opt_out_automated',
        'human_review', 'limit_request', 'limit_request', 'legal_hold', 'step_up_verified'], 1 + pick(n, 1, 12)
    ) as kind,
    case when pick(n, 2, 3) > 0 then 1 + pick(n, 3, {accounts}) end as account_key,
    case when pick(n, 2, 3) = 0 then pick(n, 3, {accounts}) // 3 end as customer_key,
    known_at - to_days(cast(pick(n, 4, 20) as integer)) as occurred_at,
    cast(pick(n, 5, 8) * 7777.77 as decimal(18, 2)) as amount,
    case when pick(n, 6, 4) > 0 then night - cast(pick(n, 7, 120) as integer) end as from_date,
    case when pick(n, 8, 4) > 0 then night + cast(pick(n, 9, 60) - 30 as integer) end as to_date,
    list_extract(['maker', 'maker', 'checker', null], 1 + pick(n, 10, 4)) as actor,
    list_extract(['checker', 'checker', 'checker', null], 1 + pick(n, 11, 4)) as approver,
    cast(null as varchar) as ground,
    list_extract([null, null, 'received', 'upheld', 'withdrawn'], 1 + pick(n, 12, 5)) as outcome,
    night - cast(pick(n, 13, 20) as integer) as local_date, cast(12 as bigint) as local_hour
from range({accounts}) as events(n) cross join tonight
cross join (select any_value(batch_id) as batch_id, any_value(known_at) as known_at from given)
"""
SESSIONS = """
select * exclude (night) replace (
    pick(source_row, 1, 3) = 0 as succeeded,
    pick(source_row, 2, 3) > 0 as is_proxy,
    'region-' || pick(source_row, 3, 6) as region_token,
    case when pick(source_row, 4, 3) = 0 then 'device-' || pick(source_row, 5, 9) else device_token end as device_token,
    case when pick(customer_key, 6, {suspected}) = 0 then night - cast(pick(source_row, 7, 2) as integer) else local_date end
        as local_date
)
from (select given.*, night from given cross join tonight)
"""
RELATED = """
select * exclude (n, night) replace (
    night - cast(n as integer) as business_date, pick(source_row + n, 1, 45) as days_past_due,
    cast(pick(source_row + n, 2, 90000) / 100.0 as decimal(18, 2)) as balance
)
from (select given.*, n, night from given cross join range(0, 70, 3) as nights(n) cross join tonight)
"""


def make_dense(workload: Path, folder: Path, *, suspected: int, nights: int = 200) -> Path:
    """A workload beside a laid one, with the same tables.

    Args:
        suspected: one customer in so many signs in tonight, often failing, from other devices and places.
    """
    (folder / "raw").mkdir(parents=True)
    description = json.loads((workload / "workload.json").read_text())
    with connect() as connection:
        connection.execute("create macro pick(seed, salt, choices) as cast(hash(seed * 31 + salt) % choices as bigint)")
        connection.execute(
            f"create table tonight as select business_date as night from '{workload}/tables/run.night.parquet'"
        )
        made = {"account_snapshot": 1, "account_snapshot_history": nights}
        for source, relation in description["raw"].items():
            connection.execute(
                f"create or replace table given as from read_parquet({relation['files']!r}, hive_partitioning = false)"
            )
            select = {
                **{name: SNAPSHOT.format(nights=number) for name, number in made.items()},
                "case_event": CASES.format(accounts=_accounts(description)),
                "session": SESSIONS.format(suspected=suspected),
                "related_product": RELATED,
            }.get(source, "from given")
            relation["files"] = [_write(connection, select, folder / "raw" / f"{source}.parquet")]
        _copy_tables(connection, workload / "tables", folder / "tables")
    (folder / "workload.json").write_text(json.dumps(description))
    return folder


def _accounts(description: dict) -> int:
    files = description["raw"]["account_snapshot"]["files"]
    return duckdb.execute(
        f"select max(account_key) from read_parquet({files!r}, hive_partitioning = false)"
    ).fetchone()[0]


def _write(connection: duckdb.DuckDBPyConnection, select: str, file: Path) -> str:
    """Every third row has an earlier version, which says something else and does not count."""
    connection.execute(f"create or replace table made as {select}")
    amounts = [
        name
        for name, kind, *_ in connection.execute("describe made").fetchall()
        if kind.startswith("DECIMAL(18") or kind == "BOOLEAN"
    ]
    earlier = ", ".join(f"null as {name}" for name in amounts)
    replaced = f"replace (known_at - to_days(1) as known_at{', ' + earlier if earlier else ''})"
    connection.execute(
        f"copy (from made union all by name select * {replaced} from made where source_row % 3 = 0)"
        f" to '{file}' (format parquet)"
    )
    return str(file)


def _copy_tables(connection: duckdb.DuckDBPyConnection, tables: Path, target: Path) -> None:
    target.mkdir()
    for file in tables.iterdir():
        far_back = " replace (date '2020-01-01' as coverage_from_date)" if file.stem == "run.night_source" else ""
        connection.execute(f"copy (select *{far_back} from '{file}') to '{target / file.name}' (format parquet)")
