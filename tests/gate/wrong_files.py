"""Deliveries that are whole, well-formed and wrong: what does the gate say, and who is hurt? `scripts/evaluate wrong-files`.

Each kind spoils one night of a prepared book, at a share of its rows, and the night runs to its release beside the same night as
it should have been. Prints kind, source, share, verdict, people cut or frozen, orders that left, and nights until it was noticed.
Results are kept as they come; called again, it goes on where it ended."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import re
import time
import traceback
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wrong_books import (
    ACCEPTED,
    BOOKS,
    NoBook,
    Outcome,
    Prepared,
    controls,
    copied,
    harm,
    judge,
    live_on,
    prepare,
    run,
    verdict,
)
from wrong_kinds import DoesNotApply, Kind, kinds, spoil

from creditline.output import Format, print_rows, tell

SHARES = (100.0, 10.0, 1.0)
WEEK = 7
_DOES_NOT_APPLY = "does not apply"
_FAILED = "failed"


@dataclass(frozen=True)
class Trial:
    """One kind on one book at one share of the rows."""

    book: str
    kind: str
    share: float


@dataclass
class Result:
    """What one trial showed. `noticed` counts nights, 0 being the spoilt one; None if nothing was said as long as was looked.
    `later` are the people cut or frozen on each good night after it."""

    book: str
    kind: str
    source: str
    column: str
    share: float
    seed: str
    verdict: str
    cut_people: int = 0
    frozen_people: int = 0
    cut_amount: str = "0.00"
    delayed_people: int = 0
    undecided_accounts: int = 0
    orders: int = 0
    raises: int = 0
    noticed: int | None = None
    later: list[int] | None = None
    said: list[str] | None = None
    seconds: float = 0.0

    @property
    def is_counted(self) -> bool:
        return self.verdict not in (_DOES_NOT_APPLY, _FAILED)

    @property
    def hurts(self) -> bool:
        return bool(self.cut_people or self.frozen_people or self.orders or any(self.later or ()))


def try_kind(
    book: Prepared,
    kind: Kind,
    share: float,
    *,
    right: list[Outcome],
    seed: int,
    root: Path,
    follow: int,
    gate_alone: bool = False,
) -> Result:
    """Spoil the night in a copy of the book, run it, and compare it with the right one.

    Args:
        right: the night and those after it as they should have been.
        root: where the copy lies while it is needed.
        follow: how many good nights are run after a spoilt one that was accepted.
        gate_alone: no step runs after the gate, so nobody is known to be hurt.
    """
    row_seed = f"{seed}-{kind.label}"
    result = Result(book.name, kind.label, kind.source, kind.column, share, row_seed, ACCEPTED)
    began = time.monotonic()
    with copied(book, root) as home:
        delivery = book.delivery(home)
        assert delivery is not None
        try:
            spoil(
                kind, delivery, share=share, seed=row_seed,
                before=book.delivery(home, 1), week=book.delivery(home, WEEK), other=book.other,
            )  # fmt: skip
        except DoesNotApply as error:
            result.verdict, result.said = _DOES_NOT_APPLY, [str(error)]
            return result
        wrong = (judge if gate_alone else run)(home, book.night)
        result.verdict, result.said = verdict(wrong, right[0])
        for name, value in asdict(harm(wrong, right[0])).items():
            setattr(result, name, value)
        if result.verdict != ACCEPTED:
            result.noticed = 0
        elif not gate_alone:
            _look_on(result, book, home, right, follow)
    result.seconds = round(time.monotonic() - began, 1)
    return result


def _look_on(result: Result, book: Prepared, home: object, right: list[Outcome], follow: int) -> None:
    """Run good nights until the gate says something, and count who is hurt on them."""
    result.later = []
    for number, day in enumerate(book.after[:follow], start=1):
        wrong = live_on(book, home, day)
        hurt = harm(wrong, right[number])
        result.later.append(hurt.cut_people + hurt.frozen_people)
        if verdict(wrong, right[number])[0] != ACCEPTED:
            result.noticed = number
            return


# -- many trials, in processes of their own -----------------------------------------------------------------------------------

_worker: dict[str, Any] = {}


def _begin(asked: argparse.Namespace) -> None:
    _worker.update(asked=asked, books={})


def _run_trial(trial: Trial) -> Result:
    asked, books = _worker["asked"], _worker["books"]
    if trial.book not in books:
        book = prepare(trial.book, asked.work, seed=asked.seed, accounts=asked.accounts, nights=asked.nights)
        books[trial.book] = book, controls(book, follow=asked.follow)
    book, right = books[trial.book]
    kind = next(one for one in kinds() if one.label == trial.kind)
    root = asked.work / f"trial-{os.getpid()}"
    try:
        return try_kind(
            book, kind, trial.share, right=right, seed=asked.seed, root=root, follow=asked.follow,
            gate_alone=asked.gate_alone,
        )  # fmt: skip
    except Exception:
        # one trial that cannot be run must not end the others
        why = traceback.format_exc().strip().splitlines()
        return Result(trial.book, kind.label, kind.source, kind.column, trial.share, "", _FAILED, said=why[-4:])


def read_results(file: Path) -> list[Result]:
    """The results of earlier calls."""
    return [Result(**json.loads(line)) for line in file.read_text().splitlines()] if file.is_file() else []


def chosen_kinds(pattern: str, limit: int | None) -> list[Kind]:
    """The kinds whose label matches, at most so many."""
    return [kind for kind in kinds() if re.search(pattern, kind.label)][:limit]


def print_results(results: Iterable[Result]) -> None:
    """The closing table, and a summary for each book and share."""
    results = sorted(results, key=lambda one: (BOOKS.index(one.book), -one.share))
    counted = [one for one in results if one.is_counted]
    print(
        "| book | kind | share | verdict | cut | frozen | yuan cut | delayed | not decided | orders left | noticed after nights |"
    )
    print(f"|{' --- |' * 11}")
    for one in counted:
        noticed = "never" if one.noticed is None else one.noticed
        print(
            f"| {one.book} | {one.kind} | {one.share:g} % | {one.verdict} | {one.cut_people} | {one.frozen_people} |"
            f" {one.cut_amount} | {one.delayed_people} | {one.undecided_accounts} | {one.orders} | {noticed} |"
        )
    rows = []
    for book, share in sorted({(one.book, one.share) for one in results}, key=lambda it: (BOOKS.index(it[0]), -it[1])):
        of_it = [one for one in results if (one.book, one.share) == (book, share)]
        kinds_of_it = Counter(_sort(one) for one in of_it)
        rows.append(
            (book, f"{share:g} %", sum(one.is_counted for one in of_it), *(kinds_of_it[name] for name in _SORTS))
        )
    print()
    print_rows(("book", "share", "kinds", *_SORTS), rows, Format.TABLE, title="kinds of wrong deliveries")
    for one in results:
        if one.verdict == _FAILED:
            print(f"failed: {one.book} {one.kind} {one.share:g} %: {' / '.join(one.said or ())}")


_SORTS = ("stopped", "stopped, but harm", "accepted without harm", "accepted with harm", _DOES_NOT_APPLY, _FAILED)


def _sort(one: Result) -> str:
    if not one.is_counted:
        return one.verdict
    if one.verdict == ACCEPTED:
        return "accepted with harm" if one.hurts else "accepted without harm"
    return "stopped, but harm" if one.hurts else "stopped"


def main() -> int:
    """Entry point: try, print; 1 if anybody was hurt at 10 % or more."""
    parser = argparse.ArgumentParser(prog="scripts/evaluate wrong-files", description=__doc__)
    parser.add_argument("--books", nargs="+", choices=BOOKS, default=list(BOOKS))
    parser.add_argument("--shares", nargs="+", type=float, default=list(SHARES), help="percent of the rows")
    parser.add_argument("--kinds", default="", help="a regular expression that the kind's label must match")
    parser.add_argument("--limit", type=int, help="at most so many kinds")
    parser.add_argument("--list", action="store_true", help="print the labels of the kinds, and try none")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--accounts", type=int, default=600, help="of the simulated book")
    parser.add_argument("--nights", type=int, default=30, help="good nights before the spoilt one, but for taiwan")
    parser.add_argument("--follow", type=int, default=4, help="good nights after a spoilt one that was accepted")
    parser.add_argument("--gate-alone", action="store_true", help="run acceptance and gate: verdicts, and no harm")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--work", type=Path, default=Path("var/wrong-files"), help="where books and results are kept")
    parser.add_argument("--results", type=Path, help="the file of results; of the work folder unless told")
    asked = parser.parse_args()
    chosen = chosen_kinds(asked.kinds, asked.limit)
    if asked.list:
        print("\n".join(kind.label for kind in chosen))
        return 0
    asked.work = asked.work.resolve()
    file = asked.results or asked.work / ("verdicts.jsonl" if asked.gate_alone else "results.jsonl")
    books = []
    for name in asked.books:
        tell(f"{name}: prepares the book, seed {asked.seed}")
        try:
            book = prepare(name, asked.work, seed=asked.seed, accounts=asked.accounts, nights=asked.nights)
        except NoBook as error:
            print(f"{name}: left out: {error}")
            continue
        controls(book, follow=asked.follow)
        books.append(name)
    trials = [Trial(book, kind.label, share) for share in asked.shares for book in books for kind in chosen]
    results = {Trial(one.book, one.kind, one.share): one for one in read_results(file)}
    left = [trial for trial in trials if trial not in results]
    began = time.monotonic()
    context = multiprocessing.get_context("spawn")
    with context.Pool(asked.processes, _begin, (asked,)) as pool, file.open("a") as lines:
        for number, one in enumerate(pool.imap_unordered(_run_trial, left), start=1):
            results[Trial(one.book, one.kind, one.share)] = one
            lines.write(json.dumps(asdict(one), default=str) + "\n")
            lines.flush()
            tell(
                f"{number} of {len(left)}, {time.monotonic() - began:.0f} s: {one.book} {one.kind} {one.share:g} %:"
                f" {one.verdict}, {one.cut_people} cut, {one.frozen_people} frozen, {one.orders} orders"
            )
    shown = [results[trial] for trial in trials]
    print_results(shown)
    print(f"\nseed {asked.seed}; {len(left)} trials now, {len(shown) - len(left)} kept from before")
    return 1 if any(one.hurts and one.share >= 10 for one in shown) else 0


if __name__ == "__main__":
    raise SystemExit(main())
