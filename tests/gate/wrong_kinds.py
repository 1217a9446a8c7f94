"""Kinds of deliveries that add up and are wrong, made from the landing contract: each is SQL over the rows of one night.

A night lies in a database as tables of text, one a source: all rows of tonight with `row_no`, `draw` (a seeded random text) and
`is_chosen` (whether the row is in the share that is spoilt). Beside it lie `before_<source>` and `week_<source>`, the nights before,
and `other_<source>`, the same night of another book, where there is one.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb

from creditline.home.database import path_to_read
from creditline.landing.contract import MANIFEST_FILE, Column, Source, contract
from creditline.landing.delivery import DeliveredTable, write_delivery

SNAPSHOT = "account_snapshot"
# How a factor is named, and the SQL that applies it.
FACTORS = {
    "times_10": "* 10", "times_12": "* 12", "times_100": "* 100", "times_1000": "* 1000",
    "over_10": "/ 10", "over_12": "/ 12", "over_100": "/ 100", "over_1000": "/ 1000",
    "negated": "* -1", "zeroed": "* 0",
}  # fmt: skip
DAYS = {"a_day_later": 1, "a_month_later": 30, "a_year_later": 365, "two_days_earlier": -2, "a_month_earlier": -30}
_DECIMALS = {"money": 2, "rate": 6, "integer": 0}
_ADDED = ("row_no", "draw", "is_chosen")


class DoesNotApply(Exception):
    """The kind says nothing about this night; the text says why."""


@dataclass(frozen=True)
class Kind:
    """One way to be wrong. `column` is empty if whole rows or several columns are; `change` spoils the tables of a night."""

    name: str
    source: str
    column: str
    change: Callable[[Tonight], None]

    @property
    def label(self) -> str:
        return f"{self.source}.{self.column}/{self.name}" if self.column else f"{self.source}/{self.name}"


class Tonight:
    """The tables of one night, and what to do to them."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, business_date: str, *, share: float, seed: str) -> None:
        self.connection = connection
        self.business_date = business_date
        self.share = share
        self.seed = seed
        self.columns: dict[str, list[str]] = {}

    def load(self, folder: Path, sources: list[dict[str, str]], prefix: str = "") -> None:
        """Lay the CSV files of a delivery, of tonight or under a prefix."""
        for entry in sources:
            table = f"{prefix}{entry['source']}"
            self.connection.execute(
                f"create table {table} as select *, row_number() over () as row_no"
                f" from read_csv({path_to_read(folder / entry['file'])}, all_varchar = true, header = true, delim = ',',"
                " quote = '\"', escape = '\"', auto_detect = false, columns = "
                f"{_text_columns(folder / entry['file'])})"
            )
            if not prefix:
                self._choose(table)

    def _choose(self, table: str) -> None:
        described = self.connection.execute(f"describe {table}").fetchall()
        self.columns[table] = [name for name, *_ in described if name not in _ADDED]
        self.connection.execute(
            f"create or replace table {table} as select *, row_number() over (order by draw) <="
            f" ceil(count(*) over () * {self.share} / 100) as is_chosen from ("
            f" select *, md5(concat_ws('|', '{self.seed}', row_no)) as draw from {table}) order by row_no"
        )

    def need(self, source: str, *columns: str) -> None:
        """Stop unless the night has this source with rows, and these columns."""
        if source not in self.columns:
            raise DoesNotApply("source not there")
        missing = [column for column in columns if column not in self.columns[source]]
        if missing:
            raise DoesNotApply(f"column {missing[0]} not there")

    def has(self, table: str) -> bool:
        found = self.connection.execute("select count(*) from duckdb_tables() where table_name = ?", [table]).fetchone()
        return bool(found and found[0])

    def replace(self, source: str, values: dict[str, str], donor: str = "") -> None:
        """Give columns of the chosen rows other values.

        Args:
            values: SQL by column; `tonight` is the row, with `place` and `drawn` among the chosen ones, which `size` counts.
            donor: a join that lays another row beside it.
        """
        self.need(source, *values)
        changed = ", ".join(f'cast({value} as varchar) as "new_{column}"' for column, value in values.items())
        replaced = ", ".join(
            f'case when changed.row_no is null then {source}."{column}" else changed."new_{column}" end as "{column}"'
            for column in values
        )
        self.connection.execute(
            f"create or replace table {source} as with chosen as ("
            " select *, row_number() over (order by row_no) - 1 as place, count(*) over () as size,"
            f" row_number() over (order by md5(draw)) - 1 as drawn from {source} where is_chosen),"
            f" changed as (select tonight.row_no, {changed} from chosen as tonight {donor})"
            f" select {source}.* replace ({replaced}) from {source} left join changed using (row_no) order by row_no"
        )

    def lay_rows(self, source: str, rows: str) -> None:
        """Let a source have the rows of a query, in their order."""
        self.need(source)
        names = ", ".join(f'"{name}"' for name in self.columns[source])
        self.connection.execute(
            f"create or replace table {source} as select {names}, row_number() over () as row_no, '' as draw,"
            f" true as is_chosen from ({rows})"
        )

    def add(self, source: str, rows: str) -> None:
        """Let the delivery have a source that did not come."""
        self.columns[source] = [column.name for column in contract()[source].columns]
        self.lay_rows(source, rows)

    def content(self, source: str) -> int:
        """A number that two tables share if they have the same rows in the same order."""
        names = ", ".join(f'"{name}"' for name in self.columns[source])
        found = self.connection.execute(
            f"select coalesce(bit_xor(hash(row_number, row)), 0) from (select row_number() over (order by row_no) as row_number,"
            f" row({names}) as row from {source})"
        ).fetchone()
        assert found
        return int(found[0])


def spoil(
    kind: Kind,
    delivery: Path,
    *,
    share: float,
    seed: str,
    before: Path | None = None,
    week: Path | None = None,
    other: Path | None = None,
) -> None:
    """Rewrite a landed delivery as this kind would have it: whole, with a manifest that speaks of what is there.

    Args:
        delivery: a folder `landing/<business_date>` of CSV files.
        share: percent of the rows.
        before, week, other: deliveries of the night before, of a week before, and of another book.

    Raises DoesNotApply if the kind would change nothing.
    """
    manifest = json.loads((delivery / MANIFEST_FILE).read_text())
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        tonight = Tonight(connection, manifest["business_date"], share=share, seed=seed)
        tonight.load(delivery, manifest["sources"])
        for prefix, folder in (("before_", before), ("week_", week), ("other_", other)):
            if folder is not None:
                tonight.load(folder, json.loads((folder / MANIFEST_FILE).read_text())["sources"], prefix)
        original = {source: tonight.content(source) for source in tonight.columns}
        kind.change(tonight)
        if original == {source: tonight.content(source) for source in tonight.columns}:
            raise DoesNotApply("changes nothing on this night")
        rewrite(tonight, delivery, manifest)


def rewrite(tonight: Tonight, delivery: Path, manifest: dict) -> None:
    """Write a delivery anew from the tables of a night, under its old manifest."""
    reach = {entry["source"]: entry.get("coverage_from") for entry in manifest["sources"]}
    tables = [
        DeliveredTable(
            source,
            source,
            coverage_from=date.fromisoformat(reach[source]) if reach.get(source) else None,
            in_order=True,
        )
        for source in tonight.columns
    ]
    shutil.rmtree(delivery)
    write_delivery(
        tonight.connection,
        delivery.parent,
        feed=manifest["feed"],
        business_date=date.fromisoformat(manifest["business_date"]),
        sequence=manifest["sequence"],
        delivered_at=datetime.fromisoformat(manifest["delivered_at"].removesuffix("Z")),
        cutoff_at=datetime.fromisoformat(manifest["cutoff_at"].removesuffix("Z")),
        tables=tables,
    )


def _text_columns(file: Path) -> str:
    with file.open(encoding="utf-8") as lines:
        names = lines.readline().rstrip("\r\n").split(",")
    return "{" + ", ".join(f"'{name}': 'varchar'" for name in names) + "}"


# -- kinds ----------------------------------------------------------------------------------------------------------------


def kinds() -> list[Kind]:
    """Every kind, the ones that are likely to hurt first, each with a label of its own."""
    made = [*_named(), *_whole_files()]
    for source in contract().values():
        made += [kind for column in source.columns for kind in _of_column(source, column)]
    by_label: dict[str, Kind] = {}
    for kind in made:
        by_label.setdefault(kind.label, kind)
    return list(by_label.values())


def _set(source: str, name: str, /, **values: str) -> Kind:
    """A kind that gives columns the value of an SQL expression."""

    def change(tonight: Tonight) -> None:
        tonight.replace(source, values)

    return Kind(name, source, next(iter(values)) if len(values) == 1 else "", change)


def _cell(column: str) -> str:
    return f'tonight."{column}"'


def _scaled(column: Column, factor: str) -> str:
    """SQL of a number times a factor, spelt as the contract wants it; a cell that is no number stays."""
    cell, decimals = _cell(column.name), _DECIMALS[column.type]
    number = f"round(try_cast({cell} as decimal(24, 6)) {factor}, {decimals})"
    spelt = f"cast({number} as decimal(30, {decimals}))"
    # minus nought is not spelt in the contract
    return f"coalesce(cast(case when {spelt} = 0 then abs({spelt}) else {spelt} end as varchar), {cell})"


def _column(source: str, name: str) -> Column:
    return contract()[source].column(name)


def _moved(column: Column, days: int) -> str:
    cell = _cell(column.name)
    if column.type == "date":
        return f"coalesce(strftime(try_cast({cell} as date) + {days}, '%Y-%m-%d'), {cell})"
    return _later(column, f"to_days({days})")


def _later(column: Column, by: str) -> str:
    cell = _cell(column.name)
    moment = f"try_cast(left({cell}, length({cell}) - 1) as timestamp) + {by}"
    return f"coalesce(strftime({moment}, '%Y-%m-%dT%H:%M:%SZ'), {cell})"


def _day_for_month(column: Column) -> str:
    """SQL: day and month change places where the result is a day."""
    cell = _cell(column.name)
    turned = f"left({cell}, 5) || substr({cell}, 9, 2) || '-' || substr({cell}, 6, 2) || substr({cell}, 11)"
    return f"case when try_cast(left({turned}, 10) as date) is null then {cell} else {turned} end"


def _scientific(column: str) -> str:
    """SQL: the digits of an id as a spreadsheet shows a long number."""
    cell = _cell(column)
    digits = f"try_cast(regexp_extract({cell}, '[0-9]+') as double)"
    return f"coalesce(replace(printf('%.2E', {digits}), '+', ''), {cell})"


def _without_zeros(column: str) -> str:
    return f"regexp_replace({_cell(column)}, '^([A-Za-z]*)0+([0-9])', '\\1\\2')"


def _ids_everywhere(name: str, spelling: Callable[[str], str]) -> Kind:
    """Account and customer ids of every file of the delivery are spelt otherwise."""

    def change(tonight: Tonight) -> None:
        for source, columns in tonight.columns.items():
            for column in ("account_id", "customer_id"):
                if column in columns:
                    tonight.replace(source, {column: spelling(column)})

    return Kind(name, "all files", "", change)


def _every(name: str, of_type: str, value: Callable[[Column], str], *, only: str = "") -> Kind:
    """Every column of a type, in all files or in one, gets another value."""

    def change(tonight: Tonight) -> None:
        if only:
            tonight.need(only)
        for source, columns in tonight.columns.items():
            if only in ("", source):
                for column in contract()[source].columns:
                    if column.type == of_type and column.name in columns:
                        tonight.replace(source, {column.name: value(column)})

    return Kind(name, only or "all files", "", change)


def _named() -> list[Kind]:
    """The kinds of which somebody was seen to be hurt, and their like."""
    principal, income = _column(SNAPSHOT, "principal_balance"), _column(SNAPSHOT, "income_monthly_amount")
    late, score = _column(SNAPSHOT, "days_past_due"), _column("bureau_score", "score")
    related = _column("related_product", "days_past_due")
    return [
        _shifted(contract()[SNAPSHOT], "customer_id"),
        _ids_everywhere("leading_zeros_lost", _without_zeros),
        _ids_everywhere("scientific_notation", _scientific),
        _ids_everywhere("lower_case", lambda column: f"lower({_cell(column)})"),
        _ids_everywhere("last_sign_lost", lambda column: f"left({_cell(column)}, length({_cell(column)}) - 1)"),
        _ids_everywhere("with_a_prefix", lambda column: f"'0' || {_cell(column)}"),
        _set(SNAPSHOT, "nobody_late", days_past_due="'0'", arrears_balance="'0.00'"),
        _set(SNAPSHOT, "plus_30", days_past_due=_scaled(late, "+ 30")),
        _set(SNAPSHOT, "plus_1", days_past_due=_scaled(late, "+ 1")),
        _set(SNAPSHOT, "plus_100", days_past_due=_scaled(late, "+ 100")),
        _set(SNAPSHOT, "arrears_are_the_balance", arrears_balance=_cell("principal_balance")),
        _set(SNAPSHOT, "limit_and_balance_swapped", limit_amount=_cell("principal_balance"),
             principal_balance=_cell("limit_amount")),
        _set(SNAPSHOT, "times_100", principal_balance=_scaled(principal, "* 100")),
        _set(SNAPSHOT, "negated", principal_balance=_scaled(principal, "* -1")),
        _set(SNAPSHOT, "over_12", income_monthly_amount=_scaled(income, "/ 12")),
        _every("cents_for_yuan", "money", lambda column: _scaled(column, "* 100"), only=SNAPSHOT),
        _every("yuan_for_cents", "money", lambda column: _scaled(column, "/ 100"), only=SNAPSHOT),
        _every("cents_for_yuan", "money", lambda column: _scaled(column, "* 100")),
        _every("another_currency", "money", lambda column: _scaled(column, "/ 7")),
        _every("zone_8_hours_early", "timestamp", lambda column: _later(column, "to_hours(-8)")),
        _every("zone_8_hours_late", "timestamp", lambda column: _later(column, "to_hours(8)")),
        _every("day_for_month", "date", _day_for_month),
        _set(SNAPSHOT, "is_dollars", currency_code="'USD'"),
        _set("bureau_score", "plus_100", score=_scaled(score, "+ 100")),
        _set("bureau_score", "minus_100", score=_scaled(score, "- 100")),
        _set("related_product", "plus_30", days_past_due=_scaled(related, "+ 30")),
        _set("instalment", "nothing_paid", paid_amount="null", paid_date="null"),
        _set("instalment", "paid_0", paid_amount="'0.00'"),
        _set("instalment", "amounts_swapped", due_amount=f"coalesce({_cell('paid_amount')}, '0.00')",
             paid_amount=_cell("due_amount")),
    ]  # fmt: skip


def _whole_files() -> list[Kind]:
    made: list[Kind] = []
    for source in contract().values():
        made += [
            Kind("half_of_it", source.name, "", _half(source)),
            Kind("rows_left_out", source.name, "", _left_out(source)),
            Kind("doubled_with_new_ids", source.name, "", _doubled(source)),
            Kind("of_yesterday", source.name, "", _from(source, "before")),
            Kind("of_yesterday_in_another_order", source.name, "", _from(source, "before", "order by row_no desc")),
            Kind("of_last_week", source.name, "", _from(source, "week")),
            Kind("of_another_book", source.name, "", _from(source, "other")),
        ]
    return made


def _half(source: Source) -> Callable[[Tonight], None]:
    def change(tonight: Tonight) -> None:
        tonight.lay_rows(
            source.name,
            f"select * from {source.name} where row_no <= (select count(*) * (1 - {tonight.share} / 200) from {source.name})"
            " order by row_no",
        )

    return change


def _left_out(source: Source) -> Callable[[Tonight], None]:
    def change(tonight: Tonight) -> None:
        tonight.lay_rows(source.name, f"select * from {source.name} where not is_chosen order by row_no")

    return change


def _doubled(source: Source) -> Callable[[Tonight], None]:
    def change(tonight: Tonight) -> None:
        tonight.need(source.name)
        key = next((name for name in source.key if source.column(name).type in ("id", "code")), source.key[0])
        tonight.lay_rows(
            source.name,
            f'select * from {source.name} union all (select * replace (\'X\' || "{key}" as "{key}") from {source.name}'
            " where is_chosen order by row_no)",
        )

    return change


def _from(source: Source, origin: str, order: str = "order by row_no") -> Callable[[Tonight], None]:
    """The chosen rows are those of another night or book: the same key of what comes whole, else the same place."""

    def change(tonight: Tonight) -> None:
        name, donor = source.name, f"{origin}_{source.name}"
        tonight.need(name)
        if not tonight.has(donor):
            raise DoesNotApply("nothing to take it from")
        names = ", ".join(f'donor."{column}"' for column in tonight.columns[name])
        if tonight.share >= 100:
            rows = f"select {names}, row_no from {donor} as donor"
        else:
            match = " and ".join(f'donor."{key}" = tonight."{key}"' for key in source.key)
            on = match if source.kind == "full" else "donor.row_no = tonight.row_no"
            kept = ", ".join(f'tonight."{column}"' for column in tonight.columns[name])
            rows = (
                f"select {names}, tonight.row_no from {name} as tonight inner join {donor} as donor on {on}"
                f" where tonight.is_chosen union all select {kept}, tonight.row_no from {name} as tonight"
                f" left join {donor} as donor on {on} where not tonight.is_chosen or donor.row_no is null"
            )
        tonight.lay_rows(name, f"select * from ({rows}) {order}")

    return change


def _of_column(source: Source, column: Column) -> Iterator[Kind]:
    """The kinds of one column: those of any column, and those of its type."""
    name = source.name
    yield _frozen(source, column.name)
    yield _shifted(source, column.name)
    yield _shuffled(source, column.name)
    yield _set(name, "all_the_most_frequent", **{column.name: f'(select mode("{column.name}") from {name})'})
    if column.allows_empty:
        yield _set(name, "emptied", **{column.name: "null"})
    if column.type in _DECIMALS:
        for factor, sql in FACTORS.items():
            yield _set(name, factor, **{column.name: _scaled(column, sql)})
    elif column.type in ("date", "timestamp"):
        for moved, days in DAYS.items():
            yield _set(name, moved, **{column.name: _moved(column, days)})
        yield _set(name, "day_for_month", **{column.name: _day_for_month(column)})
        if column.type == "timestamp":
            yield _set(name, "zone_8_hours_early", **{column.name: _later(column, "to_hours(-8)")})
            yield _set(name, "all_at_one_hour", **{column.name: f"left({_cell(column.name)}, 11) || '03:00:00Z'"})
    elif column.type == "bool":
        for value in ("true", "false"):
            yield _set(name, f"all_{value}", **{column.name: f"'{value}'"})
        yield _set(name, "negated", **{column.name: f"cast(not cast({_cell(column.name)} as boolean) as varchar)"})
    elif column.type == "code":
        yield _swapped(source, column.name)
        for code in column.codes:
            yield _set(name, f"all_{code}", **{column.name: f"'{code}'"})
    elif column.type == "id":
        yield _set(name, "leading_zeros_lost", **{column.name: _without_zeros(column.name)})
        yield _set(name, "scientific_notation", **{column.name: _scientific(column.name)})
        yield _set(name, "lower_case", **{column.name: f"lower({_cell(column.name)})"})


def _frozen(source: Source, column: str) -> Kind:
    """What the night before had: for the same key of what comes whole, else at the same place of the file."""
    keys = [key for key in source.key if key != column]
    if source.kind == "full" and keys:
        on = " and ".join(f'other."{key}" = tonight."{key}"' for key in keys)
        donor = f"(select * from before_{source.name} qualify row_number() over (partition by {', '.join(keys)}) = 1)"
    else:
        on, donor = "other.row_no = tonight.row_no", f"before_{source.name}"

    def change(tonight: Tonight) -> None:
        tonight.need(source.name, column)
        if not tonight.has(f"before_{source.name}"):
            raise DoesNotApply("no night before")
        value = f'case when other.row_no is null then {_cell(column)} else other."{column}" end'
        tonight.replace(source.name, {column: value}, f"left join {donor} as other on {on}")

    return Kind("as_yesterday", source.name, column, change)


def _shifted(source: Source, column: str) -> Kind:
    return _of_another_row(source, column, "shifted_by_a_row", "other.place = (tonight.place + 1) % tonight.size")


def _shuffled(source: Source, column: str) -> Kind:
    return _of_another_row(source, column, "shuffled", "other.drawn = tonight.place")


def _of_another_row(source: Source, column: str, name: str, which: str) -> Kind:
    def change(tonight: Tonight) -> None:
        donor = f"inner join chosen as other on {which}"
        tonight.replace(source.name, {column: f'other."{column}"'}, donor)

    return Kind(name, source.name, column, change)


def _swapped(source: Source, column: str) -> Kind:
    """Each value becomes the next one of those that the file has, as if a mapping had slipped by a line."""
    code = contract()[source.name].column(column)

    def change(tonight: Tonight) -> None:
        tonight.need(source.name, column)
        found = tonight.connection.execute(
            f'select distinct "{column}" from {source.name} where "{column}" is not null order by 1'
        ).fetchall()
        values = [value for (value,) in found if not code.codes or value in code.codes]
        if len(values) == 1 and code.codes:
            values = [values[0], next(one for one in code.codes if one != values[0])]
        if len(values) < 2:
            raise DoesNotApply("one value alone")
        cases = " ".join(f"when '{one}' then '{values[(at + 1) % len(values)]}'" for at, one in enumerate(values))
        tonight.replace(source.name, {column: f"case {_cell(column)} {cases} else {_cell(column)} end"})

    return Kind("codes_swapped", source.name, column, change)
