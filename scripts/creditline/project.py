"""The folders of the project that a night runs: its dbt project, its expectations, its DAGs.

In a checkout they are folders of the repository. In a wheel they are folders of this package, put there by `setup.py`.
No other module of the package depends on where it was installed.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_IN_A_WHEEL = _PACKAGE / "shipped"
ROOT = _IN_A_WHEEL if _IN_A_WHEEL.is_dir() else _PACKAGE.parents[1]
PROJECT_DIR = ROOT / "dbt_project"
POLICIES_DIR = PROJECT_DIR / "policies"
SUITES_DIR = ROOT / "expectations"
DAGS_DIR = ROOT / "dags"
