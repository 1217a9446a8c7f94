"""sqlfluff reads the models as `.sqlfluff` says: what `scripts/test sql` runs finds a violation, and knows dbt's names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "dbt_project/models/decision/4_limit/dec_bound.sql"


def lint(sql: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name("sqlfluff")), "lint", "--stdin-filename", str(MODEL), "-"],
        input=sql,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def test_a_model_with_macros_and_names_of_dbt_is_read_and_passes():
    done = lint(MODEL.read_text())
    assert (done.returncode, "FAIL" in done.stdout) == (0, False), done.stdout


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        ("\nfrom tiered", "\nFROM tiered", "CP01"),
        ("    protected.*,", "    protected.* ,", "LT01"),
        ("        tiers.min_draw_minor,", "        tiers.min_draw_minor as draw_minor, tiers.min_draw_minor spare_minor,", "AL02"),
    ],
)  # fmt: skip
def test_a_planted_violation_is_found(before, after, rule):
    text = MODEL.read_text()
    assert before in text
    done = lint(text.replace(before, after, 1))
    assert done.returncode == 1
    assert rule in done.stdout


def test_the_whole_proof_runs_it():
    assert "scripts/test sql\n" in (ROOT / ".ci/run").read_text()
