"""The five promises over 10,000 paths each: `scripts/evaluate promises`.

Hypothesis chooses the seeds of the scenarios (gaps, void and late nights, cases, moods) from one seed that is printed; each
example runs its share of the paths as customers of one book.
"""

from __future__ import annotations

import argparse
import sys
import time

import promises
from decision_harness import project_logic
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

# Promise, experiment, nights a path.
EXPERIMENTS = (
    ("1 monotone, one account", promises.monotone, {"second_account": 0.0}, 30),
    ("1 monotone, one account, raise budget", promises.monotone, {"second_account": 0.0, "budget": 20_000}, 12),
    ("1 monotone, several accounts", promises.monotone, {}, 30),
    ("1 monotone, several accounts, raise budget", promises.monotone, {"budget": 20_000}, 12),
    ("2 no spiral", promises.no_spiral, {}, 5),
    ("3 freeze, restore: identity", promises.frozen_identity, {}, 20),
    ("4 void nights, late sources", promises.neutral, {}, 14),
    ("5 score reasons are causes", promises.score_reasons_are_causes, {}, 12),
    ("5 policy reasons are causes", promises.policy_reasons_are_causes, {}, 4),
)


def main() -> int:
    """Print the closing table and the first examples of what was broken; 1 if anything was."""
    parser = argparse.ArgumentParser(prog="scripts/evaluate promises", description=__doc__.splitlines()[0])
    parser.add_argument("paths", type=int, nargs="?", default=10_000)
    parser.add_argument("examples", type=int, nargs="?", default=4)
    parser.add_argument("seed", type=int, nargs="?", default=20261124)
    asked = parser.parse_args()
    paths, examples, chosen = asked.paths, asked.examples, asked.seed
    rows, broken = [], []
    for name, experiment, options, nights in EXPERIMENTS:
        began = time.monotonic()
        outcomes = _run(experiment, options, nights, paths // examples, examples, chosen)
        found = sum(outcome.violations for outcome in outcomes)
        rows.append((name, sum(o.paths for o in outcomes), nights, sum(o.checked for o in outcomes), found,
                     sum(o.left_out for o in outcomes), sum(o.broken_there for o in outcomes), chosen, f"{time.monotonic() - began:.0f}"))  # fmt: skip
        broken += [f"{name}: {example}" for outcome in outcomes for example in outcome.examples]
        print(f"{rows[-1]}", file=sys.stderr, flush=True)
    _print(rows)
    for example in broken:
        print(example)
    return 1 if broken else 0


def _run(
    experiment: object, options: dict, nights: int, paths: int, examples: int, chosen: int
) -> list[promises.Outcome]:
    outcomes = []

    @seed(chosen)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(scenario=st.integers(1, 2**32))
    def scenarios(scenario: int) -> None:
        outcomes.append(experiment(project_logic(), seed=scenario, paths=paths, nights=nights, **options))

    scenarios()
    return outcomes


def _print(rows: list[tuple]) -> None:
    head = ("promise", "paths", "nights", "checked", "violations", "left out", "broken there", "seed", "seconds")
    widths = [max(len(str(row[place])) for row in (head, *rows)) for place in range(len(head))]
    for row in (head, *rows):
        cells = (
            str(cell).ljust(width) if not place else str(cell).rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join(cells))


if __name__ == "__main__":
    raise SystemExit(main())
