"""Policies of a test's own, laid in the place of the bundled ones."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
import yaml

from creditline import project
from creditline.policy.schema import PACK_FILES

BUNDLED = project.POLICIES_DIR


def lay_policies(
    monkeypatch: pytest.MonkeyPatch,
    root: Path,
    settings: dict[str, object] | None = None,
    **tables: list[dict[str, str]],
) -> Path:
    """A copy of the bundled policies whose default pack has these settings and rows, in force for the test."""
    policies = Path(shutil.copytree(BUNDLED, root / "policies"))
    pack = policies / "default" / "policy.yml"
    pack.write_text(yaml.safe_dump(yaml.safe_load(pack.read_text()) | (settings or {})))
    for name, rows in tables.items():
        with (policies / "default" / f"{name}.csv").open("w", newline="") as stream:
            writer = csv.DictWriter(stream, PACK_FILES[name], restval="")
            writer.writeheader()
            writer.writerows(rows)
    monkeypatch.setattr(project, "POLICIES_DIR", policies)
    return policies


def calendar_row(kind: str, value: str = "", source: str = "*", start: str = "2000-01-01", end: str = "") -> dict:
    """One row of calendar.csv."""
    return {"kind": kind, "value": value, "source_name": source, "effective_from": start, "effective_to": end}
