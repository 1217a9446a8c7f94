"""Which rows go to quarantine, by which rule. Our own SQL reads the rules from the suite's JSON, and Great Expectations
must count the same rows; a rule that has no SQL has its rows told by Great Expectations."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass

import duckdb

from creditline.gate.engine import one_line
from creditline.gate.suites import RowRule, Suite, SuiteRefused
from creditline.gate.unexpected import UnexpectedRows, unexpected_rows
from creditline.home import Home
from creditline.home.database import one_row
from creditline.home.files import write_file
from creditline.landing.accept import Acceptance, AcceptedSource
from creditline.landing.contract import contract
from creditline.landing.typing import BrokenRule, broken_rules
from creditline.store.record import quarantine_folder

# A refused file is sent again as a whole, so its quarantine keeps only enough rows to see what is wrong.
_REFUSED_SAMPLE_ROWS = 1000
# A reason names at most so many values.
_NAMED_VALUES = 3


@dataclass(frozen=True)
class Bad:
    """How many typed rows break one rule, each rule counted on its own, as Great Expectations counts them."""

    rule: str
    rows: int


def mark_bad_rows(
    connection: duckdb.DuckDBPyConnection, source: str, relation: str, suite: Suite, *, with_contrary: bool = False
) -> list[Bad]:
    """Split the rows of a relation into `accepted_<relation>` and `quarantine_<relation>`.

    `quarantine_` has source_row, rule, column_name, value, raw_line (of a line that is not a row) and cells (the row as
    delivered). It holds rows that do not fit a type, lines that are not rows, and rows that break a row rule of the suite,
    each once. Of equal rows the first is accepted. Rows with one key and different values all go, even if only one of them
    fits, because nobody can tell which one is meant.

    Args:
        with_contrary: also hold the rows of `contrary_<relation>`, which contradict the known ids (`gate.id_changes`).

    Returns: rows by rule of the suite.
    """
    counts = _judge(connection, relation, suite)
    if any(bad.rows for bad, rule in zip(counts, suite.row_rules, strict=True) if _is_key(rule, source)):
        _spare_first_twins(connection, source, relation, suite)
    _write_quarantine(connection, source, relation, suite)
    if with_contrary:
        _hold_contrary(connection, relation)
    held = one_row(connection.execute(f"select count(source_row) from quarantine_{relation}"))[0]
    connection.execute(
        f"create or replace view accepted_{relation} as select typed.* from typed_{relation} as typed"
        + (f" anti join quarantine_{relation} using (source_row)" if held else "")
    )
    return counts


def broken_by(connection: duckdb.DuckDBPyConnection, relation: str, suite: Suite, most: int) -> list[BrokenRule]:
    """Every row rule of the suite that a row breaks, in its order, also where the row is held for another; call
    `mark_bad_rows` before.

    Args:
        most: how many rows are sampled of each.
    """
    rules = [(rule.name, rule.column, rule.value) for rule in suite.row_rules]
    return broken_rules(connection, f"bad_{relation}", rules, most)


def hold_rows(connection: duckdb.DuckDBPyConnection, relation: str, rule: str, column: str, condition: str) -> int:
    """Send accepted rows that meet a condition to quarantine, too. Returns how many."""
    held: int = one_row(
        connection.execute(
            f"insert into quarantine_{relation} select source_row, '{rule}', '{column}', cast(landed.\"{column}\" as varchar),"
            f" null, [{_cells(connection, relation)}] from landed_{relation} as landed"
            f" semi join (select source_row from accepted_{relation} where {condition}) as held using (source_row)"
        )
    )[0]
    if held:
        connection.execute(
            f"create or replace view accepted_{relation} as select typed.* from typed_{relation} as typed"
            f" anti join quarantine_{relation} using (source_row)"
        )
    return held


def quarantine_counts(connection: duckdb.DuckDBPyConnection, relation: str) -> list[tuple[str, int, list[str]]]:
    """Rows in quarantine by the rule that sent them there, with the first of the values that broke it."""
    return connection.execute(
        f"select rule, count(*), list(distinct value order by value)[:{_NAMED_VALUES}]"
        f" from quarantine_{relation} group by rule order by rule"
    ).fetchall()


def keep_quarantine(
    home: Home,
    connection: duckdb.DuckDBPyConnection,
    acceptance: Acceptance,
    entry: AcceptedSource,
    *,
    is_refused: bool,
) -> None:
    """Write the quarantined rows of one file as JSON lines, in the order of the file; of a refused file the first."""
    limit = f"limit {_REFUSED_SAMPLE_ROWS}" if is_refused else ""
    rows = connection.execute(
        "select source_row, rule, column_name, value, raw_line, cells"
        f" from quarantine_{entry.relation} order by source_row {limit}"
    ).fetchall()
    if rows:
        lines = "".join(_as_line(entry, *row) for row in rows)
        folder = quarantine_folder(home, acceptance.business_date, acceptance.feed, acceptance.sequence)
        write_file(folder / f"{entry.relation}.jsonl", lines.encode())


def _judge(connection: duckdb.DuckDBPyConnection, relation: str, suite: Suite) -> list[Bad]:
    """Create `bad_<relation>` with the rows that break any rule, and one flag `rule_<number>` for each rule."""
    batch, rules = f"typed_{relation}", suite.row_rules
    unexpected = _lay_unexpected(connection, batch, suite)
    conditions = [_condition(rule, number, batch) for number, rule in enumerate(rules)]
    flags = "".join(f", {condition} as rule_{number}" for number, condition in enumerate(conditions))
    broken = " or ".join(f"rule_{number}" for number in range(len(rules))) or "false"
    try:
        connection.execute(
            f"create or replace temp table bad_{relation} as select * from (select *{flags} from {batch}) where {broken}"
        )
    except (duckdb.ProgrammingError, duckdb.DataError) as error:
        raise _refusal(connection, suite, conditions, batch) or error from error
    if not rules:
        return []
    counts = one_row(
        connection.execute(
            f"select {', '.join(f'coalesce(count_if(rule_{number}), 0)' for number in range(len(rules)))} from bad_{relation}"
        )
    )
    return [
        Bad(rule.name, unexpected[number].count if number in unexpected else counts[number])
        for number, rule in enumerate(rules)
    ]


def _lay_unexpected(connection: duckdb.DuckDBPyConnection, batch: str, suite: Suite) -> dict[int, UnexpectedRows]:
    """Create `unexpected` with the rows of rules that have no SQL, by the rule's number."""
    numbers = [number for number, rule in enumerate(suite.row_rules) if rule.breaks is None]
    if not numbers:
        return {}
    rules = [suite.row_rules[number] for number in numbers]
    unexpected = dict(zip(numbers, unexpected_rows(connection, batch, suite, rules), strict=True))
    connection.execute("create or replace temp table unexpected (rule integer, source_row bigint)")
    for number, found in unexpected.items():
        connection.execute(
            "insert into unexpected select $rule, unnest($rows)", {"rule": number, "rows": list(found.rows)}
        )
    return unexpected


def _condition(rule: RowRule, number: int, batch: str) -> str:
    """SQL: whether a row breaks the rule."""
    if rule.breaks is None:
        return f"source_row in (select source_row from unexpected where rule = {number})"
    return rule.breaks.format(batch=batch)


def _refusal(
    connection: duckdb.DuckDBPyConnection, suite: Suite, conditions: list[str], batch: str
) -> SuiteRefused | None:
    """Which rule it was that cannot be applied to the rows."""
    for rule, condition in zip(suite.row_rules, conditions, strict=True):
        try:
            connection.execute(f"select count(*) from {batch} where {condition}")
        except (duckdb.ProgrammingError, duckdb.DataError) as error:
            return SuiteRefused(
                f"expectations/{suite.name}.json: {rule.name} cannot tell its rows ({one_line(error)}); correct it: a query"
                " hands on the rows of {batch} with their source_row, or says meta.on_fail distrust or refuse"
            )
    return None


def _is_key(rule: RowRule, source: str) -> bool:
    return rule.is_key and set(rule.columns) == set(contract()[source].key)


def _spare_first_twins(connection: duckdb.DuckDBPyConnection, source: str, relation: str, suite: Suite) -> None:
    key = ", ".join(f'"{column}"' for column in contract()[source].key)
    values = ", ".join(f'"{column.name}"' for column in contract()[source].columns)
    for number, rule in enumerate(suite.row_rules):
        if _is_key(rule, source):
            connection.execute(
                f"update bad_{relation} set rule_{number} = false where source_row in ("
                f"select min(source_row) from bad_{relation} where rule_{number} group by {key}"
                f" having count(distinct ({values})) = 1)"
            )


def _write_quarantine(connection: duckdb.DuckDBPyConnection, source: str, relation: str, suite: Suite) -> None:
    cells = _cells(connection, relation)
    by_rule = " ".join(
        f"when rule_{number} then struct_pack(rule := {_text(rule.name)}, column_name := {_text(rule.column)},"
        f" value := {rule.value})"
        for number, rule in enumerate(suite.row_rules)
    )
    by_suite = (
        f" union all select source_row, unnest(finding) from (select source_row, case {by_rule} end as finding"
        f" from bad_{relation}) where finding is not null"
        if by_rule
        else ""
    )
    connection.execute(
        f"create or replace table quarantine_{relation} as"
        f" with broken as (select source_row, rule, column_name, value from misfit_{relation}{by_suite})"
        " select source_row, broken.rule, broken.column_name, broken.value, null::varchar as raw_line,"
        f" [{cells}] as cells from broken inner join landed_{relation} as landed using (source_row)"
        " union all"
        f" select source_row, 'line:' || lower(replace(error, ' ', '_')), null, null, raw_line, null from unread_{relation}"
    )
    _hold_twins_of_misfits(connection, source, relation, cells)


def _text(words: str) -> str:
    """SQL: a text, null if there is none."""
    return "'" + words.replace("'", "''") + "'" if words else "cast(null as varchar)"


def _cells(connection: duckdb.DuckDBPyConnection, relation: str) -> str:
    """SQL: the cells of a landed row as delivered."""
    described = connection.execute(f"describe landed_{relation}").fetchall()
    return ", ".join(f'cast(landed."{row[0]}" as varchar)' for row in described if row[0] != "source_row")


def _hold_contrary(connection: duckdb.DuckDBPyConnection, relation: str) -> None:
    connection.execute(
        f"insert into quarantine_{relation}"
        f" select source_row, rule, column_name, value, null, [{_cells(connection, relation)}]"
        f" from contrary_{relation} inner join landed_{relation} as landed using (source_row)"
        f" anti join quarantine_{relation} using (source_row)"
    )


def _hold_twins_of_misfits(connection: duckdb.DuckDBPyConnection, source: str, relation: str, cells: str) -> None:
    key = contract()[source].key
    listed = ", ".join(f'landed."{column}"' for column in key)
    connection.execute(
        f"insert into quarantine_{relation}"
        f" with misfit_keys as (select distinct {listed} from landed_{relation} as landed"
        f" semi join misfit_{relation} using (source_row))"
        f" select source_row, 'twin_of_misfit:{'+'.join(key)}', '{key[0]}', cast(landed.\"{key[0]}\" as varchar),"
        f" null, [{cells}] from landed_{relation} as landed"
        f" semi join misfit_keys using ({', '.join(key)}) anti join quarantine_{relation} using (source_row)"
    )


def _as_line(
    entry: AcceptedSource,
    row: int,
    rule: str,
    column: str | None,
    value: str | None,
    raw_line: str | None,
    cells: list[str | None] | None,
) -> str:
    if raw_line is None:
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="").writerow(["" if cell is None else cell for cell in cells or ()])
        raw_line = buffer.getvalue()
    content = {
        "file": entry.file,
        "file_sha256": entry.file_sha256,
        "row": row,
        "rule": rule,
        "column": column,
        "value": value,
        "raw_line": raw_line,
    }
    return json.dumps(content, ensure_ascii=False) + "\n"
