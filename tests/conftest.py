"""Fixtures that more than one room uses."""

from __future__ import annotations

import shutil

import pytest
from sample_book import RunBook, run_sample_book

from creditline.warehouse import compiled, dbt


@pytest.fixture(scope="session")
def sample_book(tmp_path_factory: pytest.TempPathFactory) -> RunBook:
    """400 accounts, 3 nights, published and released. Read-only: a test that changes a home copies it first."""
    return run_sample_book(tmp_path_factory.mktemp("sample") / "home", accounts=400, nights=3)


@pytest.fixture(scope="session", autouse=True)
def project_is_parsed_once(tmp_path_factory: pytest.TempPathFactory):
    """A home keeps the project as dbt parsed and compiled it; a new home of a test begins with what the first one has (5 s of CPU).

    dbt parses anew where a warehouse lies in another place, though nothing that it parses depends on that.
    """
    kept = tmp_path_factory.mktemp("parsed")
    names = compiled.KEPT
    project, run = dbt.PROJECT_DIR, dbt._run

    def run_parsed(command, target_path, home, **options):
        from dbt.adapters.duckdb.credentials import DuckDBCredentials

        is_project = project == dbt.PROJECT_DIR
        for name in names if is_project and not (target_path / names[0]).is_file() else ():
            if (kept / name).is_file():
                target_path.mkdir(parents=True, exist_ok=True)
                shutil.copy(kept / name, target_path / name)
                if home:
                    compiled.seal(home, target_path)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(DuckDBCredentials, "_connection_keys", lambda _: ("database", "schema"))
            nodes = run(command, target_path, home, **options)
        for name in names if is_project else ():
            if (target_path / name).is_file() and not (kept / name).is_file():
                shutil.copy(target_path / name, kept / name)
        return nodes

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dbt, "_run", run_parsed)
        yield
