"""What the book was on the last trusted night, laid beside tonight's typed rows under one name for each figure's SQL.

tonight     a typed row of the source's file
account, customer   the key of its account or customer, null if no delivery ever named the id
before      the same row on the last trusted night: of a nightly picture that of the delivery, of a source of changes the version that
            the night carried over; amounts are in major units
decided     what the last trusted night decided for the account: `recommended_limit_amount`
snapshot    tonight's row of the account
newcomer    tonight's row of the customer: `customer_id`
moved       what tonight's movements add to and take from the account's principal: `drawn_amount`, `paid_amount`
device      the device of a session, if the customer was seen on it before
ledger_gap  by legal entity and ledger code how far the snapshot lies from tonight's ledger: `gap_bp`, and `distrust_bp` of
            seeds/ledger_account.csv
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb

from creditline.gate.acceptance import read_acceptances
from creditline.gate.identity import known_ids
from creditline.gate.keyed_hash import keyed_hash
from creditline.home import Home
from creditline.home.database import path_to_read
from creditline.home.publications import last_valid, latest_revision, state_directory, void_dates
from creditline.landing.accept import Acceptance, AcceptedSource
from creditline.landing.contract import contract
from creditline.project import PROJECT_DIR
from creditline.store.record import DeliveryRecord, SourceRecord

SNAPSHOT, LEDGER = "account_snapshot", "gl_balance"
# How many days back a night may lie whose picture tonight is still compared with.
_REACH_DAYS = 60
# Nightly pictures: their last delivery is what the book was.
_FULL = (SNAPSHOT, "related_product", LEDGER)
_TOKEN_LENGTH = 32
# So many of the newest ids show how ids are spelt.
_SHAPES_OF = 20000


@dataclass(frozen=True)
class Picture:
    """The last trusted night. `words` are the values that `$days` and the like stand for; `has` are the names that can be joined;
    `steps` are the deliveries since then, tonight's included."""

    has: frozenset[str]
    words: dict[str, str]
    steps: int = 1


def lay_pictures(
    home: Home, connection: duckdb.DuckDBPyConnection, acceptance: Acceptance, records: list[DeliveryRecord]
) -> dict[str, Picture]:
    """Create `before_<source>` and the other relations as views, and say for each file what can be joined; by relation.

    `identity` must be attached if there are earlier records; without any nobody is known.
    """
    readable = [entry for entry in acceptance.sources if not entry.refusal]
    void = void_dates(home, acceptance.business_date - timedelta(days=_REACH_DAYS), acceptance.business_date)
    accepted = read_acceptances(home)
    shared = _lay_shared(connection, readable)
    if records:
        changes = [f"typed_{entry.relation}" for entry in readable if entry.source == "id_change"]
        shared |= _lay_known(connection, changes) | _lay_state(home, connection, acceptance.business_date)
    pictures = {}
    for entry in readable:
        night = _picture_night(records, void, accepted, acceptance.business_date, entry.source)
        has = set(shared)
        if night is not None:
            has.add("night")
            if _lay_before(home, connection, acceptance.business_date, entry, *night):
                has.add("before")
        steps = 1 + sum(record.business_date > night[0].business_date for record in records) if night else 1
        words = _words(home, acceptance, night[0] if night else None) | {"$is_next": str(steps == 1).lower()}
        pictures[entry.relation] = Picture(frozenset(has), words, steps)
    return pictures


def _words(home: Home, acceptance: Acceptance, before: DeliveryRecord | None) -> dict[str, str]:
    tonight = acceptance.business_date
    earlier = before.business_date if before else tonight - timedelta(days=1)
    instant = before.instant if before else datetime.combine(earlier, datetime.min.time())
    return {
        "$days": str((tonight - earlier).days),
        "$night": f"date '{tonight}'",
        "$before_night": f"date '{earlier}'",
        "$before_delivered": f"timestamp '{instant}'",
        "$zone": f"'{home.settings.time_zone}'",
    }


def _lay_shared(connection: duckdb.DuckDBPyConnection, readable: list[AcceptedSource]) -> frozenset[str]:
    """Lay what other files of tonight's delivery say of an account."""
    found: set[str] = set()
    relations = {entry.relation for entry in readable}
    if SNAPSHOT in relations:
        connection.execute(
            f"create or replace temp view tonight_snapshot as select account_id, arbitrary(days_past_due) as days_past_due,"
            f" arbitrary(arrears_balance) as arrears_balance from typed_{SNAPSHOT} group by account_id"
        )
        connection.execute(
            f"create or replace temp view tonight_customer as select distinct customer_id from typed_{SNAPSHOT}"
        )
        found |= {"snapshot", "newcomer"}
    if {SNAPSHOT, LEDGER} <= relations:
        _lay_ledger_gap(connection)
        found.add("ledger_gap")
    if "account_movement" in relations:
        connection.execute(
            "create or replace temp view moved_account as select account_id,"
            " sum(amount) filter (kind in ('draw', 'fee', 'interest', 'other')) as drawn_amount,"
            " sum(amount) filter (kind in ('repayment', 'write_off', 'recovery', 'other')) as paid_amount"
            " from typed_account_movement group by account_id"
        )
        found.add("moved")
    return frozenset(found)


def _lay_ledger_gap(connection: duckdb.DuckDBPyConnection) -> None:
    seed = path_to_read(PROJECT_DIR / "seeds" / "ledger_account.csv")
    sums = "sum(principal_balance) as principal_balance, sum(accrued_interest_balance) as accrued_interest_balance"
    connection.execute(
        f"create or replace temp view ledger_gap as with totals as (select legal_entity_code, {sums} from typed_{SNAPSHOT} group by 1),"
        f" sides as (select ledger_code, legal_entity_code, sum(balance) as ledger_amount from typed_{LEDGER} group by 1, 2)"
        " select legal_entity_code, ledger_code, distrust_bp, abs(ledger_amount - case snapshot_column when 'principal_balance'"
        " then principal_balance else accrued_interest_balance end) * 10000 / greatest(abs(ledger_amount), 1) as gap_bp"
        f" from sides inner join totals using (legal_entity_code) inner join read_csv({seed}, header = true) using (ledger_code)"
    )


def _known(subject: str, changes: list[str]) -> str:
    """SQL: the key of every id, also of ids that tonight's changes give to a known account or customer."""
    known = f"select id, key from {known_ids(subject)}"
    renumbered = "".join(
        f" union all select distinct new_id, key from {place} inner join ({known}) as former on old_id = former.id"
        f" anti join ({known}) as latter on new_id = latter.id where subject = '{subject}' and kind = 'renumber'"
        for place in changes
    )
    return known + renumbered


def _lay_known(connection: duckdb.DuckDBPyConnection, changes: list[str]) -> frozenset[str]:
    """Lay who is known, how known ids are spelt, and who is named by a change of ids: digits that begin with 0 are spelt unlike others."""
    for subject in ("account", "customer"):
        connection.execute(f"create or replace temp view known_{subject} as {_known(subject, changes)}")
    connection.execute(
        "create or replace temp macro id_shape(id) as regexp_replace(regexp_replace(regexp_replace(regexp_replace(id,"
        " '[1-9][0-9]*', '9', 'g'), '0+9?', '0', 'g'), '[a-z]+', 'a', 'g'), '[A-Z]+', 'A', 'g')"
    )
    connection.execute(
        "create or replace temp table known_shape as select distinct id_shape(id) as shape from known_account"
        f" where key > (select max(key) from known_account) - {_SHAPES_OF}"
    )
    told = " union all ".join(
        f"select unnest([old_id, new_id]) from {place} where subject = 'customer'"
        for place in ("identity.change", *changes)
    )
    connection.execute(
        f"create or replace temp table announced_customer as select customer_id from ({told}) as t (customer_id)"
    )
    return frozenset({"account", "customer"})


def _lay_state(home: Home, connection: duckdb.DuckDBPyConnection, business_date: date) -> frozenset[str]:
    """Lay what the last valid night decided, and the devices that it knew."""
    found = set()
    if (path := _state_file(home, business_date, "account")) is not None:
        connection.execute(
            "create or replace temp view decided_account as select account_key,"
            f" cast(recommended_minor as decimal(18, 2)) * 0.01 as recommended_limit_amount from read_parquet({path_to_read(path)})"
        )
        found.add("decided")
    if (path := _state_file(home, business_date, "device")) is not None:
        connection.execute(
            "create or replace temp view known_device as select distinct customer_key, device_token"
            f" from read_parquet({path_to_read(path)})"
        )
        found.add("device")
    return frozenset(found)


def _state_file(home: Home, business_date: date, name: str) -> Path | None:
    """A table of the state of the last valid night, if it has one."""
    valid = last_valid(home, business_date)
    if valid is None:
        return None
    path = state_directory(home, valid, latest_revision(home, valid)) / f"{name}.parquet"
    return path if path.is_file() else None


def _picture_night(
    records: list[DeliveryRecord],
    void: frozenset[date],
    accepted: Collection[tuple[date, str, str]],
    tonight: date,
    source: str,
) -> tuple[DeliveryRecord, SourceRecord] | None:
    """The newest delivery before tonight whose file of the source is trusted, or was accepted by two people."""
    found = [
        (record, entry)
        for record in records
        for entry in record.sources
        if entry.source == source
        and entry.corrects_business_date is None
        and tonight - timedelta(days=_REACH_DAYS) <= record.business_date < tonight
        and entry.raw_file is not None
        and (
            (record.business_date, source, entry.file_sha256) in accepted
            or (entry.verdict == "pass" and not (contract()[source].required and record.business_date in void))
        )
    ]
    return max(found, key=lambda pair: pair[0].business_date, default=None)


def _lay_before(
    home: Home,
    connection: duckdb.DuckDBPyConnection,
    business_date: date,
    entry: AcceptedSource,
    record: DeliveryRecord,
    known: SourceRecord,
) -> bool:
    """Create `before_<relation>`, one row a key. Returns whether there is one."""
    view = f"create or replace temp view before_{entry.relation} as "
    person = "coalesce(merged.into_key, kept.customer_key)"
    heirs = "left join identity.merged on kept.customer_key = merged.customer_key"
    if entry.source in _FULL and known.raw_file:
        rows = f"read_parquet({path_to_read(home.root / known.raw_file)}, hive_partitioning = false) as kept"
        if entry.source == LEDGER:
            connection.execute(f"{view} select * from {rows}")
        else:
            connection.execute(f"{view} select kept.* replace ({person} as customer_key) from {rows} {heirs}")
        return True
    path = _state_file(home, business_date, entry.source)
    if path is None:
        return False
    rows = f"read_parquet({path_to_read(path)}) as kept"
    if entry.source == "bureau_score":
        connection.execute(
            f"{view} select {person} as customer_key, arg_max(score, observed_date) as score,"
            " arg_max(external_debt_minor, observed_date) * 0.01 as external_debt_amount,"
            f" max(observed_date) as observed_date from {rows} {heirs} group by 1"
        )
        return True
    if entry.source == "instalment":
        connection.execute(
            f"{view} select instalment_hash, account_key, instalment_no, due_date, cast(due_minor as decimal(18, 2)) * 0.01 as due_amount,"
            f" paid_date, cast(paid_minor as decimal(18, 2)) * 0.01 as paid_amount from {rows}"
        )
        return True
    return False


def joined(entry: AcceptedSource, picture: Picture, used: frozenset[str]) -> str:
    """SQL: tonight's rows with what is used of the rest beside them.

    Args:
        used: names of the relations, as the module lists them.
    """
    source = contract()[entry.source]
    columns = {column.name for column in source.columns}
    wanted = used | ({"account"} if used & {"before", "decided"} and "account_id" in columns else frozenset())
    wanted |= {"customer"} if used & {"before", "device"} and "customer_id" in columns else frozenset()
    joins = [f"typed_{entry.relation} as tonight"]
    for subject in ("account", "customer"):
        if subject in wanted and f"{subject}_id" in columns:
            joins.append(f"left join known_{subject} as {subject} on tonight.{subject}_id = {subject}.id")
    if "before" in wanted and "before" in picture.has:
        joins.append(f"left join before_{entry.relation} as before on {_same_row(entry.source)}")
    if "decided" in wanted and "decided" in picture.has:
        joins.append("left join decided_account as decided on account.key = decided.account_key")
    if "device" in wanted and "device" in picture.has:
        joins.append(
            "left join known_device as device on customer.key = device.customer_key"
            f" and left({keyed_hash('tonight.device_id')}, {_TOKEN_LENGTH}) = device.device_token"
        )
    if "snapshot" in wanted and "snapshot" in picture.has and "account_id" in columns:
        joins.append("left join tonight_snapshot as snapshot on tonight.account_id = snapshot.account_id")
    if "newcomer" in wanted and "customer_id" in columns and "snapshot" in picture.has:
        joins.append("left join tonight_customer as newcomer on tonight.customer_id = newcomer.customer_id")
    if "moved" in wanted and "moved" in picture.has:
        joins.append("left join moved_account as moved on tonight.account_id = moved.account_id")
    return " ".join(joins)


def _same_row(source: str) -> str:
    if source == SNAPSHOT:
        return "account.key = before.account_key"
    if source == "related_product":
        return "customer.key = before.customer_key and tonight.product_code = before.product_code"
    if source == "bureau_score":
        return "customer.key = before.customer_key"
    if source == LEDGER:
        return " and ".join(f"tonight.{name} = before.{name}" for name in contract()[LEDGER].key)
    return f"{_token_hash('tonight.instalment_id')} = before.instalment_hash"


def _token_hash(column: str) -> str:
    """SQL: what staging makes of an identifier (macro `token_hash`): a number from the first digits of its token."""
    return f"cast('0x' || left({keyed_hash(column)}, 15) as bigint)"
