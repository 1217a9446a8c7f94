"""Where the real data lie."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


def _real(relative: str) -> Path:
    root = Path(os.environ.get("CREDITLINE_REAL_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (root / relative).exists():
        pytest.skip(
            f"real data are absent: {root / relative}; point CREDITLINE_REAL_DATA at a folder that has {relative}"
        )
    return root / relative


@pytest.fixture(scope="session")
def taiwan_file() -> Path:
    return _real("uci_taiwan/UCI_Credit_Card.csv")


@pytest.fixture(scope="session")
def berka_directory() -> Path:
    return _real("berka")
