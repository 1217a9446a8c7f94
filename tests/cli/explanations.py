"""Ten explanations of one closed-loop book, in both languages, as Markdown: `scripts/explanations > docs/explanations.md`.

The book lives for 60 nights under the bundled policy with a notice of ten days before a cut by the product's tier, one night of
maintenance and the cap of the simulated law.
"""

from __future__ import annotations

import csv
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from creditline.cli.explain import explain_account
from creditline.cli.explain_text import explanation_text
from creditline.cli.explain_words import LANGUAGES
from creditline.cli.output import tell
from creditline.gate.identity import attach_identity
from creditline.home import Home, create_home
from creditline.night import run_all
from creditline.publish.reader import open_marts
from creditline.simulate import sample_home_settings, simulate_book
from creditline.warehouse import build
from creditline.warehouse.dbt import PROJECT_DIR

FIRST, NIGHTS, ACCOUNTS, SEED = date(2026, 9, 1), 60, 600, 20261126
MAINTAINED = FIRST + timedelta(days=20)


@dataclass(frozen=True)
class Story:
    """One question to the call centre: which account and night show it; today where `is_today`."""

    title: str
    asked: str
    query: str
    is_today: bool = False


_DECISIONS = "select account_key, business_date from fct_limit_decision"
STORIES = (
    Story(
        "Floored",
        "Yesterday I could borrow. Why not today?",
        f"{_DECISIONS} where display_state = 'FLOORED' and action = 'DOWN' and reason_code_1 = 'B1'",
    ),
    Story(
        "Frozen",
        "The app says borrowing is paused.",
        f"{_DECISIONS} where display_state = 'FROZEN_SECURITY' and action = 'FREEZE' and is_notice_required",
    ),
    Story(
        "Maintenance",
        "Was something wrong last night?",
        f"{_DECISIONS} where display_state = 'MAINTENANCE' and not is_void",
    ),
    Story(
        "Capped",
        "Somebody cut me, though I pay on time.",
        f"{_DECISIONS} where display_state = 'REG_CAPPED' and action = 'DOWN'",
    ),
    Story("Appealed", "I have complained. What happens now?", f"{_DECISIONS} where reason_code_1 = 'P3'"),
    Story("Restored", "Can I borrow again?", f"{_DECISIONS} where action = 'RESTORE'"),
    Story("Pending", "What is this letter about my limit?", f"{_DECISIONS} where is_pending"),
    Story(
        "No change for 47 days",
        "It has been seven weeks. When does my limit come back?",
        "select account_key, as_of_date from dim_limit_standing where cause_date is not null and as_of_date - since_date >= 45"
        " and restores_on_date is not null and action = 'HOLD' order by abs(as_of_date - since_date - 47), 1",
        is_today=True,
    ),
    Story(
        "New customer",
        "Why have I this limit and no other?",
        f"{_DECISIONS} where business_date = date '{FIRST}' and action = 'HOLD'",
    ),
    Story("Closed", "What about my old account?", f"{_DECISIONS} where display_state = 'CLOSED'"),
)


def use_policies(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """The bundled policies, changed as the head of this module says."""
    policies = Path(shutil.copytree(PROJECT_DIR / "policies", folder / "policies"))
    pack = policies / "default"
    _append(pack / "notice_rule.csv", ["DOWN", "T1", "10", "15", "true", "app", "house rule", "1990-01-01", ""])
    _append(pack / "maintenance_window.csv", ["*", MAINTAINED, MAINTAINED + timedelta(days=1), "a new release"])
    _append(
        pack / "regulatory_cap.csv",
        ["SIMULATED", "*", "*", "*", "LIMIT", "150000.00", FIRST + timedelta(days=2), "", FIRST, "the simulated law", "S1", "G", "committee", "true"],
    )  # fmt: skip
    patch.setattr(build, "POLICIES_DIR", policies)


def _append(file: Path, row: list[object]) -> None:
    with file.open("a", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerow(row)


def live(root: Path) -> Home:
    """A home whose nights were all run."""
    home = create_home(root, sample_home_settings("obedient"))
    simulate_book(
        home,
        accounts=ACCOUNTS,
        nights=NIGHTS,
        first_date=FIRST,
        seed=SEED,
        file_format="parquet",
        core="obedient",
        progress=tell,
    )
    list(run_all(home))
    return home


def tell_stories(home: Home, show: Callable[[str], None]) -> None:
    """Print every story; one that the book does not hold is an error."""
    for number, story in enumerate(STORIES, start=1):
        account, night = _found(home, story)
        show(f"\n## {number}. {story.title}\n\n*{story.asked}*")
        for lang in LANGUAGES:
            facts = explain_account(home, account, None if story.is_today else night, "customer", lang)
            show(f"\n```text\n{explanation_text(facts)}\n```")


def _found(home: Home, story: Story) -> tuple[str, date]:
    with open_marts(home) as connection:
        query = (
            story.query if " order by " in story.query else f"{story.query} order by business_date desc, account_key"
        )
        row = connection.execute(query).fetchone()
    assert row, f"no account of this book is a story of '{story.title}'"
    with duckdb.connect() as connection:
        attach_identity(connection, home)
        found = connection.execute("select account_id from identity.account where account_key = ?", [row[0]]).fetchone()
    return found[0], row[1]


def main() -> None:
    """Live and print."""
    print(
        "# Ten explanations\n\nPrinted by `scripts/explanations` from a simulated book: what the customer is told, in both languages."
    )
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        use_policies(patch, Path(folder))
        tell_stories(live(Path(folder) / "home"), print)


if __name__ == "__main__":
    main()
