"""Whoever opens `marts.duckdb` finds what each table and column means, without a look into the repository."""

from __future__ import annotations

import duckdb
import yaml
from laid_nights import FIRST

from creditline.home import create_home
from creditline.home.files import canonical_json
from creditline.project import PROJECT_DIR
from creditline.publish.history import PublishedNight
from creditline.publish.marts import write_marts_database
from creditline.simulate import sample_home_settings

UNTOLD = {
    "table": "select table_name from duckdb_tables() where coalesce(comment, '') = ''",
    "view": "select view_name from duckdb_views() where not internal and coalesce(comment, '') = ''",
    "column": "select table_name, column_name from duckdb_columns() where not internal and coalesce(comment, '') = ''",
}


def test_no_table_and_no_column_is_without_a_comment(tmp_path):
    home = create_home(tmp_path / "home", sample_home_settings())
    models = [
        model
        for folder in ("marts", "reports")
        for file in (PROJECT_DIR / "models" / folder).glob("*.yml")
        for model in yaml.safe_load(file.read_text())["models"]
    ]
    staged_home = tmp_path / "staged"
    staged = staged_home / "published" / str(FIRST) / "r00"
    (staged / "marts").mkdir(parents=True)
    for model in models:
        columns = ", ".join(f"null::{column['data_type']} as {column['name']}" for column in model["columns"])
        duckdb.execute(f"copy (select {columns} where false) to '{staged}/marts/{model['name']}.parquet'")
    seconds = {"business_date": str(FIRST), "revision": 0, "host": "here", "run_id": "1", "seconds": {"build": 1.5}}
    (staged / "seconds.json").write_bytes(canonical_json(seconds))

    nights = [PublishedNight(str(FIRST), 0, f"{FIRST}/r00")]
    write_marts_database(staged / "marts.duckdb", home, [model["name"] for model in models], nights, staged_home)

    with duckdb.connect(str(staged / "marts.duckdb"), read_only=True) as connection:
        connection.execute("set variable creditline_home = $1", [str(staged_home)])
        for kind, query in UNTOLD.items():
            assert connection.execute(query).fetchall() == [], kind
        told = connection.execute(
            "select comment from duckdb_columns() where table_name = 'fct_limit_decision' and column_name = 'slice_code'"
        ).fetchone()
        assert told == ("legal entity and product: what is watched, held, ramped and paused",)
