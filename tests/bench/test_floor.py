"""The floor writes what the night published: a bound on less work than the night's would be none."""

from __future__ import annotations

import floor

from creditline.home.publications import publication_directory


def test_the_floor_writes_the_published_bytes(sample_book, tmp_path):
    home = sample_book.home
    night = home.published_dates()[-1]
    stages = floor.compute(home, night, tmp_path)
    published = publication_directory(home, night) / "marts"
    assert {file.name for file in tmp_path.glob("*.parquet")} == {file.name for file in published.iterdir()}
    for file in published.iterdir():
        assert file.read_bytes() == (tmp_path / file.name).read_bytes(), file.name
    assert list(stages.seconds) == ["read and compute", "write"]
