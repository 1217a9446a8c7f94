"""A night's inputs: described, recorded and laid with one function."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import duckdb
import pytest

from creditline.home import Home, HomeSettings, create_home
from creditline.home.files import canonical_json, digests, sha256_of
from creditline.home.keys import sign_file
from creditline.home.proof import NotGenuine
from creditline.home.publications import MANIFEST, publication_directory, state_directory
from creditline.store.inputs import (
    InputFile,
    InputRefused,
    Relation,
    check_inputs,
    inputs_file,
    lay,
    read_inputs,
    write_inputs,
)

DAY = date(2026, 9, 1)


@pytest.fixture
def home(tmp_path):
    return create_home(tmp_path, HomeSettings(name="inputs", is_demo=True))


@pytest.fixture
def relations(home):
    parquet, csv = home.root / "raw" / "a.parquet", home.root / "policy" / "v1" / "b.csv"
    for file in (parquet, csv):
        file.parent.mkdir(parents=True, exist_ok=True)
    duckdb.execute(f"copy (select 2 as n, date '2026-08-31' as d) to '{parquet}'")
    csv.write_text("name,amount\nfirst, 5 \nsecond,\n")
    return (
        Relation("raw.a", {"d": "date", "n": "bigint"}, (InputFile(parquet, sha256_of(parquet)),)),
        Relation("raw.nothing", {"n": "bigint"}),
        Relation(
            "policy.b",
            {"version": "varchar", "amount": "bigint", "name": "varchar"},
            (InputFile(csv, sha256_of(csv), {"version": "v1"}),),
        ),
        Relation(
            "run.night",
            {"z": "date", "a": "timestamp", "flag": "boolean", "empty": "date"},
            rows=((DAY, datetime(2026, 9, 1, 18), True, None),),
        ),
    )


def rows_of(relations) -> dict[str, list[tuple]]:
    with duckdb.connect() as connection:
        lay(connection, relations)
        return {relation.name: connection.execute(f"from {relation.name}").fetchall() for relation in relations}


def test_every_kind_of_relation_is_laid_in_the_order_of_its_columns(relations):
    assert rows_of(relations) == {
        "raw.a": [(date(2026, 8, 31), 2)],
        "raw.nothing": [],
        "policy.b": [("v1", 5, "first"), ("v1", None, "second")],
        "run.night": [(DAY, datetime(2026, 9, 1, 18), True, None)],
    }


def test_a_column_that_an_earlier_release_did_not_keep_is_null(relations):
    first, *_ = relations
    longer = replace(first, columns=first.columns | {"added": "varchar"})
    assert rows_of([longer]) == {"raw.a": [(date(2026, 8, 31), 2, None)]}


def publish_record(home):
    """A publication whose manifest names what the night left beside its state."""
    folder = publication_directory(home, DAY)
    folder.mkdir(parents=True)
    manifest = {"business_date": str(DAY), "revision": 0, "files": {}, "state": digests(state_directory(home, DAY))}
    (folder / MANIFEST).write_bytes(canonical_json(manifest))
    sign_file(home, folder / MANIFEST)


def test_a_record_lays_what_was_laid_also_after_the_home_was_moved(home, relations, tmp_path_factory):
    write_inputs(home, DAY, relations)
    publish_record(home)
    first = inputs_file(home, DAY).read_bytes()
    assert str(home.root).encode() not in first
    laid = rows_of(relations)
    moved = Home(tmp_path_factory.mktemp("moved") / "home")
    home.root.rename(moved.root)
    read = read_inputs(moved, DAY)
    check_inputs(moved, read)
    assert rows_of(read) == laid
    write_inputs(moved, DAY, read)
    assert inputs_file(moved, DAY).read_bytes() == first


def test_a_value_of_the_wrong_type_is_named_with_its_file(home, relations):
    relations[2].files[0].path.write_text("name,amount\nfirst,many\n")
    with pytest.raises(InputRefused, match=r"b\.csv: .*many"):
        rows_of(relations)


@pytest.mark.parametrize("place", [0, 2])
def test_a_changed_or_missing_file_is_named(home, relations, place):
    path = relations[place].files[0].path
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(NotGenuine, match=f"{path.name} was changed"):
        check_inputs(home, relations)
    path.unlink()
    with pytest.raises(NotGenuine, match=f"{path.name} is missing"):
        check_inputs(home, relations)


def test_a_night_without_a_record_says_so(home):
    with pytest.raises(NotGenuine, match=r"manifest\.json is missing"):
        read_inputs(home, DAY)
