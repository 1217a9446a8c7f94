"""`creditline sql` reads the marts: it writes nothing, reaches nothing else, and keeps to the bounds of its home."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import duckdb
import pytest
from laid_nights import publish_rows

from creditline.errors import UsageError
from creditline.home import HomeSettings, create_home
from creditline.publish.reader import open_marts, query_marts

NIGHTS = ("2026-09-01", "2026-09-02")
SHOWN = (
    "dim_policy", "fct_night", "fct_night_as_published", "ops_run", "publication", "restatement_diff",
    "rpt_r00_edit_check", "rpt_r00_edit_check_as_published",
)  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with two published nights of one mart and the seconds of their runs, and things that are nobody's to read."""
    root = tmp_path_factory.mktemp("o'query") / "home"
    home = create_home(root, HomeSettings(name="query", is_demo=True, memory_limit="300MB", threads=1))
    for folder in ("landing", "releases", "identity", "raw", "keys"):
        (root / folder).mkdir(exist_ok=True)
        (root / folder / "private.csv").write_text("id\nA00000001\n")
    for night in NIGHTS:
        publish_rows(home, date.fromisoformat(night))
    return home


def digest(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        for path in sorted(root.rglob("*"))
    }


@pytest.mark.parametrize(
    "query, rows",
    [
        (
            "select business_date::varchar, account_count from fct_night order by 1;",
            list(zip(NIGHTS, (10, 20), strict=True)),
        ),
        ("select count(*), sum(seconds) from ops_run", [(2, 3.0)]),
        ("/* a; b */ from fct_night select count(*) -- ; copy", [(2,)]),
        ("with recent as (from fct_night limit 1) select count(*) from recent, range(3)", [(3,)]),
        ("show tables", [(table,) for table in SHOWN]),
        ("select column_name from (describe fct_night)", [("business_date",), ("account_count",)]),
        ("select 'copy x to y; attach z'", [("copy x to y; attach z",)]),
    ],
)
def test_a_select_is_answered(home, query, rows):
    assert query_marts(home, query)[1] == rows


# {mart} is a published folder of marts, {home} the home.
ESCAPES = [
    "copy (select 1 a) to '{mart}/fct_night.parquet' (format parquet)",
    "copy (select 1 a) to '{mart}/planted.csv'",
    "copy (select 1 a) to '{home}/published/x' (format parquet, partition_by (a))",
    "copy fct_night from '{mart}/fct_night.parquet'",
    "from fct_night; copy (select 1 a) to '{mart}/fct_night.parquet' (format parquet)",
    "select 1; select 2",
    "select 1 /* ; */; -- \n copy (select 1 a) to '{mart}/planted.csv'",
    "export database '{mart}'",
    "import database '{mart}'",
    "attach '{mart}/planted.duckdb'",
    "attach ':memory:' as planted",
    "detach marts",
    "use main",
    "create table planted as select 1",
    "create temp table planted as select 1",
    "create macro reach() as table from read_text('{home}/creditline.yml')",
    "insert into fct_night values (1)",
    "with written as (insert into fct_night values (1) returning *) from written",
    "update fct_night set account_count = 1",
    "delete from fct_night",
    "drop view fct_night",
    "select 1 into planted",
    "install httpfs",
    "load httpfs",
    "set threads = 64",
    "reset memory_limit",
    "set variable creditline_home = '/tmp'",
    "pragma enable_profiling = 'json'",
    "pragma version",
    "pragma database_list",
    "call enable_logging(storage = 'file', storage_path = '{mart}/log')",
    "call pragma_version()",
    "checkpoint",
    "vacuum",
    "begin",
    "explain analyze copy (select 1 a) to '{mart}/planted.csv'",
    "explain select 1",
    "prepare planted as copy (select 1 a) to '{mart}/planted.csv'",
    "execute planted",
    "create secret planted (type s3, key_id 'a', secret 'b')",
    # a SELECT that writes
    "from enable_logging('QueryLog', storage = 'file', storage_path = '{mart}/log')",
    "select (select count(*) from enable_logging(level = 'trace'))",
    'with on_ as (from system.main."ENABLE_LOGGING"()) select 1 from fct_night',
    "describe (from enable_profiling())",
    "select * from enable_profiling(save_location = '{mart}/profile.txt')",
    "from force_checkpoint('marts')",
    "select * from query('from enable_logging()')",
    "from json_execute_serialized_sql(json_serialize_sql('from enable_logging()'))",
    # a SELECT that reads what is nobody's
    "from read_text('{home}/creditline.yml')",
    "from read_blob('{home}/keys/private.csv')",
    "from read_csv('{home}/landing/private.csv')",
    "from '{home}/raw/private.csv'",
    "from '{mart}/../../../../identity/private.csv'",
    "from '{mart}/../manifest.json'",
    "from '{home}/published/*/r*/manifest.json'",
    "from '{home}/releases/*.csv'",
    "from glob('{home}/*')",
    "from sniff_csv('/etc/passwd')",
    "from read_text('/proc/self/environ')",
    "from parquet_metadata('{home}/raw/x.parquet')",
    "from read_duckdb('{home}/identity/identity.duckdb')",
    "from 'https://localhost:1/x.csv'",
    "from 's3://bucket/x.parquet'",
    "from st_read('/etc/passwd')",
    "select getenv('HOME')",
    "from foreign_rows",
    "",
    "-- nothing",
    "select $1",
    "no sql",
    "select " + "-" * 40 + " from",
]


@pytest.mark.parametrize("query", ESCAPES)
def test_a_query_writes_nothing_and_reaches_nothing_else(home, query, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    foreign_rows = duckdb.sql("select 1")
    before = digest(home.root)
    mart = home.published / NIGHTS[0] / "r00" / "marts"
    quoted = {name: str(path).replace("'", "''") for name, path in (("mart", mart), ("home", home.root))}
    with pytest.raises(UsageError) as refused:
        query_marts(home, query.format(**quoted) if "{" in query else query)
    assert "\n" not in str(refused.value)
    assert digest(home.root) == before
    assert not list(tmp_path.iterdir())
    assert foreign_rows.fetchall() == [(1,)]


def test_a_second_statement_is_named(home):
    with pytest.raises(UsageError, match="it holds 2 statements; give exactly one SELECT"):
        query_marts(home, "select 1; select 2")


def test_a_query_keeps_to_the_bounds_of_its_home_and_spills_nothing(home):
    before = digest(home.root)
    asked = "select current_setting('threads'), current_setting('temp_directory'), current_setting('memory_limit')"
    assert query_marts(home, asked)[1] == [(1, "", "286.1 MiB")]
    with pytest.raises(UsageError, match="Out of Memory"):
        query_marts(home, "select count(*) from (select distinct i, repeat('x', 40) || i from range(20000000) t(i))")
    assert digest(home.root) == before


def test_only_the_folders_behind_the_views_are_open(home):
    with open_marts(home) as connection:
        (folders,) = connection.execute("select current_setting('allowed_directories')").fetchone()
        marts = [f"{home.published}/{night}/r00/marts/" for night in NIGHTS]
        assert sorted(folders) == [*marts, f"{home.published}/history/"]
        for private in (home.root / "creditline.yml", home.published / NIGHTS[0] / "r00" / "manifest.json"):
            with pytest.raises(duckdb.PermissionException):
                connection.execute("from read_text(?)", [str(private)])


def test_a_query_nested_without_end_is_one_line(home):
    with pytest.raises(UsageError) as refused:
        query_marts(home, "select " + "(1 + " * 900 + "1" + ")" * 900)
    assert "\n" not in str(refused.value)
