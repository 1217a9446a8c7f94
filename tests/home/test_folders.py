"""Folders that a power loss must not take: each one that is made is synced into the one above it, before anything follows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from creditline.home import files


@pytest.fixture
def calls(monkeypatch) -> list[tuple[str, Path]]:
    """What was made, renamed and synced, in order."""
    seen: list[tuple[str, Path]] = []

    def watch(name, path_of):
        call = getattr(os, name)

        def watched(*arguments, **options):
            seen.append((name, path_of(*arguments)))
            return call(*arguments, **options)

        monkeypatch.setattr(os, name, watched)

    watch("mkdir", lambda path, *_: Path(path))
    watch("rename", lambda _, target: Path(target))
    watch("fsync", lambda descriptor: Path(os.readlink(f"/proc/self/fd/{descriptor}")))
    return seen


def test_each_folder_is_synced_before_the_next_is_made(tmp_path, calls):
    files.make_directory(tmp_path / "raw" / "account_snapshot" / "business_date=2026-09-01")
    source = tmp_path / "raw" / "account_snapshot"
    assert calls[1:] == [
        ("mkdir", tmp_path / "raw"),
        ("fsync", tmp_path),
        ("mkdir", source),
        ("fsync", tmp_path / "raw"),
        ("mkdir", source / "business_date=2026-09-01"),
        ("fsync", source),
    ]


def test_the_folder_that_a_killed_process_made_last_is_synced(tmp_path, calls):
    (tmp_path / "raw" / "account_snapshot").mkdir(parents=True)
    calls.clear()
    files.make_directory(tmp_path / "raw" / "account_snapshot")
    assert calls == [("fsync", tmp_path / "raw")]


def test_two_processes_make_the_same_folder(tmp_path, monkeypatch):
    made, make = [], Path.mkdir

    def another_first(path, *arguments, **options):
        make(path)
        made.append(path)
        make(path, *arguments, **options)

    monkeypatch.setattr(Path, "mkdir", another_first)
    assert files.make_directory(tmp_path / "a" / "b").is_dir()
    assert made == [tmp_path / "a", tmp_path / "a" / "b"]


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "raw").write_text("")
    with pytest.raises(FileExistsError, match="raw"):
        files.make_directory(tmp_path / "raw")


def test_a_tree_that_a_killed_process_renamed_is_synced_when_it_is_found(tmp_path, calls):
    (tmp_path / "published" / "2026-09-01" / "r00").mkdir(parents=True)
    calls.clear()
    assert files.is_in_place(tmp_path / "published" / "2026-09-01" / "r00")
    assert calls == [("fsync", tmp_path / "published"), ("fsync", tmp_path / "published" / "2026-09-01")]
    assert not files.is_in_place(tmp_path / "published" / "2026-09-02" / "r00")


@pytest.mark.parametrize("write", ["file", "tree"])
def test_whatever_is_written_has_its_folders_synced(tmp_path, calls, write):
    target = tmp_path / "releases" / "settlement" / "2026-09-01"
    if write == "file":
        files.write_file(target, b"settled")
    else:
        staged = tmp_path / "staged"
        staged.mkdir()
        calls.clear()
        files.move_tree_into_place(staged, target)
    made = [path for name, path in calls if name == "mkdir"]
    assert made == [tmp_path / "releases", tmp_path / "releases" / "settlement"]
    for path in made:
        assert calls[calls.index(("mkdir", path)) + 1] == ("fsync", path.parent)
