"""The one door to the long trials that lie beside the tests: `scripts/evaluate NAME [ARGUMENTS]`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent
# By name: the file that is run, and what it shows.
EVALUATIONS = {
    "accidents": ("home/accidents.py", "Disks, files and limits fail under every command, and one line must say so."),
    "agreement": ("decision/agreement.py", "The decision SQL decides 100,000 generated account-nights as the reference does."),
    "attacks": ("release/attacks.py", "A home is altered without its key, and nothing may leave that it did not decide."),
    "carried-state": ("warehouse/night_chain.py", "Features of carried state are those of everything computed anew, night by night."),
    "closed-loop": ("simulate/closed_loop.py", "A book lives under its own decisions, and core and warehouse must agree."),
    "erasures": ("subject/erasures.py", "Customers are erased, and no file of the home may hold their ids any more."),
    "explanations": ("explain/explanations.py", "Ten planted people are told about their limits: prints docs/explanation/explanations.md."),
    "false-alarms": ("gate/false_alarms.py", "Good nights go through the gate, which should have nothing to say."),
    "id-migration": ("simulate/id_migration.py", "Every account gets another id, and nobody's limit may move because of it."),
    "kill-switch": ("release/kill_switch.py", "A release is stopped at random instants, and nothing may leave after that."),
    "measure-policy": ("decision/measure_policy.py", "Prints what the policy does to people: noise on scores, or the truth of a book."),
    "power-loss": ("home/power_loss.py", "Power is lost at every instant of three nights, and what is left must be whole."),
    "promises": ("decision/promises_run.py", "The five promises of the decision hold over 10,000 paths each."),
    "real-data": ("mapping/real_books.py", "The public books are replayed night by night: prints the figures that tie."),
    "recourse": ("decision/recourse_paths.py", "People who follow the advice they get have their limit back on the day they were told."),
    "replay-engines": ("replay/other_engines.py", "Every night of a home is replayed on other releases of the engine."),
    "spark-parity": ("spark/run_parity.py", "One book runs on DuckDB and on Spark, and every table must be equal."),
    "watch-trials": ("watch/watch_trials.py", "Customers are frozen while nights run, and each freeze must leave within one watch."),
    "wrong-files": ("gate/wrong_files.py", "Deliveries add up and are wrong, and nobody may be cut or frozen because of them."),
}  # fmt: skip


def main(arguments: list[str]) -> int:
    """List the trials, or become the one that is named."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print("usage: scripts/evaluate NAME [ARGUMENTS]; NAME --help lists the arguments\n")
        for name, (_, sentence) in EVALUATIONS.items():
            print(f"  {name:<{max(map(len, EVALUATIONS))}}  {sentence}")
        return 0
    name, *others = arguments
    if name not in EVALUATIONS:
        print(f"evaluate: there is no trial {name!r}; `scripts/evaluate` lists them", file=sys.stderr)
        return 2
    paths = (str(TESTS), os.environ.get("PYTHONPATH", ""))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    # A new program, not a call: trials start processes of their own, which import the main module again.
    os.execve(sys.executable, [sys.executable, str(TESTS / EVALUATIONS[name][0]), *others], environment)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
