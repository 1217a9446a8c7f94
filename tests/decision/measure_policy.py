"""What the policy does to people, by `scripts/evaluate measure-policy`: prints the tables of policy-measured.md."""

from __future__ import annotations

import argparse
import sys
import tempfile
from datetime import date
from pathlib import Path

import policy_noise
import policy_truth

from creditline.output import Format, print_rows

# The proposed policy of the reference's table (c4), measured there on its own synthetic scores.
REFERENCE = {
    "changes/cust-yr": 2.3,
    "reversals <=30 d/cust-yr": 0.10,
    "3-night dip cut >20 %": 6.3,
    "stable cust ever cut >20 %": 2.4,
    "nights to within 25 % of new level": 50,
}


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def noise(customers: int, nights: int, seed: int) -> None:
    """The strategy on AR(1) scores beside the naive policy and the reference's figures."""
    ours, naive = (policy_noise.measures(paths) for paths in policy_noise.run(customers, nights, seed, tell))
    rows = [(name, f"{naive[name]:.2f}", f"{ours[name]:.2f}", REFERENCE[name]) for name in REFERENCE]
    title = f"{customers} customers, {nights} nights, seed {seed}"
    print_rows(("measure", "naive, same scores", "this policy", "reference c4"), rows, Format.TABLE, title=title)


def truth(accounts: int, nights: int, seed: int) -> None:
    """A simulated book in closed loop, cause by cause."""
    with tempfile.TemporaryDirectory() as root:
        lived = policy_truth.live(
            Path(root) / "home", accounts=accounts, nights=nights, seed=seed, first=date(2026, 3, 1), progress=tell
        )
        title = f"{accounts} accounts, {lived.nights} nights, seed {seed}"
        columns = ("cause", "wanted", "measured", "struck", "acted on", "percent", "median days")
        print_rows(columns, policy_truth.cause_rows(lived), Format.TABLE, title=title)
        print_rows(("measure", "figure"), policy_truth.summary_rows(lived), Format.TABLE)


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/evaluate measure-policy", description=__doc__)
    parser.add_argument("what", choices=("noise", "truth"))
    parser.add_argument("--accounts", type=int, default=None)
    parser.add_argument("--nights", type=int, default=None)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if given.what == "noise":
        noise(given.accounts or 4000, given.nights or 270, given.seed)
    else:
        truth(given.accounts or 2000, given.nights or 150, given.seed)


if __name__ == "__main__":
    main()
