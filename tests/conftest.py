"""Fixtures that more than one room uses."""

from __future__ import annotations

import gc
import os
import pickle
import shutil
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import pytest
from filelock import FileLock
from homes import copy_home
from sample_book import RunBook, run_sample_book
from slowest import SLOWEST_FIRST

from creditline.home import Home
from creditline.warehouse import compiled
from creditline.warehouse.compiled import CompiledProject

Made = TypeVar("Made")


def pytest_sessionstart() -> None:
    """What dbt and Great Expectations import stays; to look through all of it at every turn is a tenth of a night."""
    gc.set_threshold(100_000, 50, 50)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slowest modules first, so that the workers end together."""
    rank = {name: number for number, name in enumerate(SLOWEST_FIRST)}
    items.sort(key=lambda item: rank.get(item.nodeid.partition("::")[0].removeprefix("tests/"), len(rank)))


class Shared:
    """What the workers of one run make once for all of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def once(self, name: str, make: Callable[[Path], Made]) -> Made:
        """What `make` returned for a folder of its own, whichever worker called it; the others wait."""
        folder, result = self.folder / name, self.folder / f"{name}.pickle"
        with FileLock(self.folder / f"{name}.lock"):
            if not result.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                result.write_bytes(pickle.dumps(make(folder)))
            return pickle.loads(result.read_bytes())


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """What all workers of this run have in common."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    folder.mkdir(exist_ok=True)
    return Shared(folder)


@pytest.fixture(scope="session", autouse=True)
def _compiled_once(shared: Shared) -> Iterator[None]:
    """One worker has dbt compile the project, and the others take what it gave; a changed project is compiled by itself."""
    with_dbt = compiled._compile

    @lru_cache(maxsize=4)
    def compile_once(project: Path, project_sha256: str) -> CompiledProject:
        return shared.once(f"compiled-{project_sha256}", lambda _: with_dbt(project, project_sha256))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled, "_compile", compile_once)
        yield


@pytest.fixture(scope="session")
def sample_book(shared: Shared, tmp_path_factory: pytest.TempPathFactory) -> RunBook:
    """400 accounts, 3 nights, published and released. Read-only: a test that changes a home copies it first."""
    book = shared.once("sample", lambda folder: run_sample_book(folder / "home", accounts=400, nights=3))
    # a worker has the home for itself: whoever works on a home locks it
    root = tmp_path_factory.mktemp("sample") / "home"
    return RunBook(Home(shutil.copytree(book.home.root, root, symlinks=True)), book.results)


@pytest.fixture
def home(sample_book: RunBook, tmp_path: Path) -> Home:
    """A copy of the sample book that a test may change; rooms and modules that need another home have one of that name."""
    return copy_home(sample_book.home, tmp_path / "home")
