"""Fixtures of tests about single people."""

from __future__ import annotations

from pathlib import Path

import pytest
from decision_packs import make_pack
from one_person import DAILY, Life, everybody

from creditline.policy import PolicySet


@pytest.fixture
def life() -> Life:
    return Life()


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    """A pack that confirms at once and may cut every night."""
    folder: Path = tmp_path_factory.mktemp("pack") / "daily"
    return everybody(make_pack(folder, "daily", settings=DAILY, rows={}))
