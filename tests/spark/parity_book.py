"""A book on which much happens, for the comparison of the engines: a chaotic core, a challenger, cuts that wait for their
notice, a raise budget in the challenger (without one a limit has a date on which it returns), a maintenance window, scores that
are confirmed after two nights."""

from __future__ import annotations

import csv
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml

from creditline import project
from creditline.home import create_home
from creditline.policy.schema import PACK_FILES
from creditline.project import PROJECT_DIR
from creditline.simulate import sample_home_settings, simulate_book

FIRST_NIGHT = date(2026, 9, 1)
CORE = "chaotic"
_SETTINGS = {
    "confirmation": {"ewma_alpha_pct": 15, "window_nights": 3, "needed_nights": 2},
    "slots": {"cut_days": 2, "raise_days": 2},
    "freezes": {"mass_share_bp": 9999, "mass_min_customers": 5},
}
_FROZEN_SOON = {"threshold": "1", "points": "6"}
_RAISES = {"min_tenure_days": 30}
_BUDGET = {"nightly_budget_amount": 3000}


def land_simulated(root: Path, *, accounts: int, nights: int, seed: int) -> None:
    """Nights of a closed loop, all but the last of them run; see `use_parity_policies`."""
    home = create_home(root, sample_home_settings(CORE))
    simulate_book(home, accounts=accounts, nights=nights, first_date=FIRST_NIGHT, seed=seed, core=CORE)


def use_parity_policies(patch: pytest.MonkeyPatch, folder: Path, maintained: date) -> None:
    """Put policies in force in which rules that the bundled ones leave out act soon; sessions are maintained one night."""
    policies = Path(shutil.copytree(PROJECT_DIR / "policies", folder / "policies"))
    shutil.copytree(policies / "default", policies / "strict")
    _change(policies / "strict", {"name": "strict", "score_base": 640, **_SETTINGS}, _RAISES | _BUDGET)
    seldom = {"slots": {"cut_days": 2, "raise_days": 9}}
    _change(policies / "default", {"score_base": 800, "tolerance_bp": 500, **_SETTINGS, **seldom}, _RAISES)
    with (policies / "assignment.csv").open("a") as stream:
        stream.write("BANK01,*,strict,challenger,3000,2015-01-01,\n")
    for pack in ("default", "strict"):
        # one new device is enough
        freezes = _read(policies / pack / "freeze_rule.csv")
        _write(policies / pack / "freeze_rule.csv", "freeze_rule", [row | _FROZEN_SOON for row in freezes])
        _write(policies / pack / "maintenance_window.csv", "maintenance_window", [
            {"source_name": "session", "from_date": str(maintained), "to_date": str(maintained + timedelta(days=1)), "description": "test"}
        ])  # fmt: skip
    rules = policies / "default" / "notice_rule.csv"
    waiting = [row | ({"lead_days": "1"} if row["action"] == "DOWN" else {}) for row in _read(rules)]
    _write(rules, "notice_rule", waiting)
    patch.setattr(project, "POLICIES_DIR", policies)


def _change(pack: Path, settings: dict[str, object], raises: dict[str, int]) -> None:
    file = pack / "policy.yml"
    there = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump(there | settings | {"raises": there["raises"] | raises}))


def _read(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as stream:
        return list(csv.DictReader(stream))


def _write(file: Path, table: str, rows: list[dict[str, str]]) -> None:
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, PACK_FILES[table], restval="")
        writer.writeheader()
        writer.writerows(rows)


def night(number: int) -> date:
    """The date of a night of the book, from 1 on."""
    return FIRST_NIGHT + timedelta(days=number - 1)
