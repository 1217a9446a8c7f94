"""Which rows stay out, by which rule: cut from the suite's JSON by our own SQL, counted against Great Expectations."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from creditline.gate.suites import Suite
from creditline.landing.contract import contract


@dataclass(frozen=True)
class Bad:
    """How many typed rows break one rule."""

    rule: str
    rows: int


def mark_bad_rows(connection: duckdb.DuckDBPyConnection, source: str, suite: Suite) -> list[Bad]:
    """Split the typed rows of a source into `accepted_<source>` and `quarantine_<source>`.

    `quarantine_` has source_row, rule, column_name, value, raw_line (of an unreadable line), cells (text as landed);
    rows that did not fit a type and lines that could not be read are in it too. Of exact duplicates the first row
    stays; rows of one key with different values all go.

    Returns: rows by rule, each rule counted on its own, as Great Expectations counts them.
    """
    flags = "".join(f", {rule.breaks} as rule_{n}" for n, rule in enumerate(suite.row_rules))
    connection.execute(f"create or replace temp table judged as select *{flags} from typed_{source}")
    counts = _counts(connection, suite)
    if any(bad.rows for bad, rule in zip(counts, suite.row_rules, strict=True) if rule.is_key):
        _spare_first_duplicates(connection, source, suite)
    _write_quarantine(connection, source, suite)
    connection.execute(
        f"create or replace view accepted_{source} as select typed_{source}.* from typed_{source}"
        f" anti join quarantine_{source} using (source_row)"
    )
    return counts


def _counts(connection: duckdb.DuckDBPyConnection, suite: Suite) -> list[Bad]:
    if not suite.row_rules:
        return []
    sums = ", ".join(f"coalesce(count_if(rule_{n}), 0)" for n in range(len(suite.row_rules)))
    row = connection.execute(f"select {sums} from judged").fetchone()
    return [Bad(rule.name, rows) for rule, rows in zip(suite.row_rules, row, strict=True)]


def _spare_first_duplicates(connection: duckdb.DuckDBPyConnection, source: str, suite: Suite) -> None:
    key = ", ".join(f'"{column}"' for column in contract()[source].key)
    values = ", ".join(f'"{column.name}"' for column in contract()[source].columns)
    for number, rule in enumerate(suite.row_rules):
        if rule.is_key:
            connection.execute(
                f"update judged set rule_{number} = false where source_row in ("
                f"select min(source_row) from judged where rule_{number} group by {key}"
                f" having count(distinct ({values})) = 1)"
            )


def _write_quarantine(connection: duckdb.DuckDBPyConnection, source: str, suite: Suite) -> None:
    cells = "list_value(columns(landed.* exclude (source_row))::varchar)"
    columns = [row[0] for row in connection.execute(f"describe landed_{source}").fetchall() if row[0] != "source_row"]
    cells = "[" + ", ".join(f'landed."{name}"' for name in columns) + "]"
    broken = " ".join(
        f"when rule_{n} then struct_pack(rule := '{rule.name}', column_name := '{rule.column}',"
        f' value := cast("{rule.column}" as varchar))'
        for n, rule in enumerate(suite.row_rules)
    )
    judged = f"case {broken} end" if broken else "null::struct(rule varchar, column_name varchar, value varchar)"
    connection.execute(
        f"create or replace table quarantine_{source} as"
        f" with broken as ("
        f" select source_row, unnest({judged}) from judged where {judged} is not null"
        f" union all select source_row, rule, column_name, value from misfit_{source})"
        f" select broken.source_row, broken.rule, broken.column_name, broken.value, null::varchar as raw_line,"
        f" {cells} as cells from broken inner join landed_{source} as landed using (source_row)"
        f" union all select null, 'line:' || lower(error_type), null, null, raw_line, null from unread_{source}"
    )
