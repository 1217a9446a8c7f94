"""A map is read whole and refused early, by the name of its file and entry."""

from __future__ import annotations

from pathlib import Path

import pytest

from creditline.mapping import BrokenMap, UnknownMap, bundled_maps, load_map

MAP = """
name: tiny
description: One file.
attribution: Ours.
source: file
tables: {book: {columns: [a]}}
home: {name: tiny, time_zone: Asia/Shanghai, cut_off: "02:00", currency: CNY}
dates: [2024-01-31]
"""


def folder(path: Path, text: str = MAP, *files: str) -> Path:
    (path / "map.yml").write_text(text)
    for file in files or ("account_snapshot.sql",):
        (path / file).write_text("select 1")
    return path


def test_the_bundled_maps_load_by_name():
    assert bundled_maps() == ["berka", "taiwan"]
    for name in bundled_maps():
        loaded = load_map(name)
        assert loaded.name == name
        assert loaded.definition.attribution


def test_a_folder_is_a_map(tmp_path):
    loaded = load_map(folder(tmp_path))
    assert (loaded.name, loaded.sources) == ("tiny", ("account_snapshot",))


@pytest.mark.parametrize("name", ["nowhere", "", "taiwan/../nowhere"])
def test_an_unknown_map_names_the_known_ones(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnknownMap, match="the bundled ones are berka, taiwan"):
        load_map(name)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("source: file", "source: stream", "map.yml: source: "),
        ("description: One file.", "", "map.yml: description is missing"),
        ('"02:00"', "22:00", "map.yml: home.cut_off: .*write the time in quotes"),
        ("Asia/Shanghai", "Asia/Atlantis", "map.yml: home.time_zone: .*'Asia/Atlantis' is not a time zone"),
        ("columns: [a]", "columns: [a], file: x.csv", "an extract of one file is one table"),
        ("source: file", "source: directory", "every table of a directory names its 'file'"),
        ("columns: [a]", "columns: [a], file: ../x.csv", "lies below it"),
        ("columns: [a]", "columns: []", "tables.book.columns"),
        ("dates: [2024-01-31]", "parameters: {rate: 0.5}", "map.yml: parameters.rate"),
        ("dates: [2024-01-31]", "", "either from 'dates' or from dates.sql"),
        ("dates: [2024-01-31]", "dates: [", "is not YAML"),
        ("currency: CNY", "currency: CNY, expected_sources: [cash_flow]", "cash_flow.sql is missing"),
    ],
)
def test_a_definition_that_cannot_be_is_refused(tmp_path, old, new, said):
    assert old in MAP
    with pytest.raises(BrokenMap, match=said) as raised:
        load_map(folder(tmp_path, MAP.replace(old, new)))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (("cash_flow.sql",), r"account_snapshot.sql is missing"),
        (("account_snapshot.sql", "cashflow.sql"), r"cashflow.sql is named after no landing source"),
        (("account_snapshot.sql", "dates.sql"), r"either from 'dates' or from dates.sql"),
    ],
)
def test_the_files_of_a_map_are_checked(tmp_path, files, said):
    with pytest.raises(BrokenMap, match=said):
        load_map(folder(tmp_path, MAP, *files))
