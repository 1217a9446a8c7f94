"""Paths in SQL: what a folder is called is nobody's syntax."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from laid_nights import publish_rows

from creditline.errors import UsageError
from creditline.home import HomeSettings, create_home, open_home
from creditline.home.database import as_pattern, connect, path_to_read, path_to_write
from creditline.publish.reader import open_marts

AWKWARD = "x's [1] home* {a,b} %41 &$HOME"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / AWKWARD
    place.mkdir()
    # what the raw paths would be read as
    (tmp_path / AWKWARD.replace("[1]", "1")).mkdir()
    return place


def test_an_awkward_path_is_written_and_read_as_itself(folder):
    file = folder / "a[1]?.parquet"
    with connect() as connection:
        connection.execute(f"copy (select 7 as seven) to {path_to_write(file)} (format parquet)")
        assert file.is_file()
        for given in (path_to_read(file), f"[{path_to_read(file)}]", path_to_read(folder, "*.parquet")):
            assert connection.execute(f"select seven from read_parquet({given})").fetchall() == [(7,)]
        assert connection.execute("select seven from read_parquet(?)", [as_pattern(file)]).fetchall() == [(7,)]
        connection.execute(f"attach {path_to_write(folder / 'b.duckdb')} as b")
    assert (folder / "b.duckdb").is_file()


@pytest.mark.parametrize("character", ["?", "#", "\\", "\n", "\x1b", "\udc80"])
def test_a_home_does_not_lie_where_no_database_can_be_kept(tmp_path, character):
    place = tmp_path / f"a{character}b" / "home"
    with pytest.raises(UsageError, match=r"cannot be a home.*another --home"):
        create_home(place, HomeSettings(name="awkward", is_demo=True))
    with pytest.raises(UsageError, match=r"cannot be a home.*another --home"):
        open_home(place)
    assert not place.parent.exists()


def test_readers_of_an_awkward_home_reach_its_publications_and_nothing_else(folder):
    home = create_home(folder, HomeSettings(name="awkward", is_demo=True))
    publish_rows(home, date(2026, 9, 1))
    with connect() as connection:
        connection.execute(f"copy (select 8 as eight) to {path_to_write(folder / 'other.parquet')} (format parquet)")
    with open_marts(home) as connection:
        assert connection.execute("select account_count from fct_night").fetchall() == [(10,)]
        with pytest.raises(Exception, match="Cannot access file"):
            connection.execute(f"from read_parquet({path_to_read(folder / 'other.parquet')})")
