"""100,000 generated account-nights: does the SQL decide as the reference does? `scripts/evaluate agreement`"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from decision_compare import BRANCHES, FIELDS, Comparison, compare
from decision_harness import project_logic
from decision_packs import varied_packs


def main() -> int:
    """Print seed, coverage and differences; 1 if anything differs or a branch was never taken."""
    parser = argparse.ArgumentParser(prog="scripts/evaluate agreement", description=__doc__)
    parser.add_argument("seed", type=int, nargs="?", default=20261126)
    parser.add_argument("customers", type=int, nargs="?", default=1400)
    parser.add_argument("nights", type=int, nargs="?", default=40)
    asked = parser.parse_args()
    seed, customers, nights = asked.seed, asked.customers, asked.nights
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        packs = varied_packs(Path(folder) / "packs")
        result = compare(project_logic(), packs, seed=seed, customers=customers, nights=nights)
    print(f"seed {seed}: {result.account_nights} account-nights, {result.decisions} decisions (shadows included),")
    print(f"{result.traces} steps of the trace, {nights} nights, {time.monotonic() - began:.0f} s")
    return max(_print_coverage(result), _print_differences(result))


def _print_coverage(result: Comparison) -> int:
    print("\ntimes taken  branch")
    for name in BRANCHES:
        print(f"{result.seen[name]:>11}  {name}")
    never = [name for name in BRANCHES if not result.seen[name]]
    print(f"never taken: {', '.join(never) or 'none'}")
    return 1 if never else 0


def _print_differences(result: Comparison) -> int:
    print("\ndifferences  field")
    for name in sorted({*FIELDS, "trace", *result.differences}):
        print(f"{result.differences[name]:>11}  {name}")
        for example in result.examples.get(name, []):
            print(f"             {example}")
    return 1 if result.differences else 0


if __name__ == "__main__":
    raise SystemExit(main())
