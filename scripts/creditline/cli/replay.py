"""Replays as rows, and as the one line that says no."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from creditline.errors import CreditlineError
from creditline.home import open_home
from creditline.replay import replay_night

COLUMNS = ("night", "decisions", "differing", "seconds", "logic hash", "engine then", "engine now", "problems")


def replay_nights(
    root: Path, nights: Sequence[date] | None, progress: Callable[[str], None]
) -> tuple[list[tuple], list[str]]:
    """Replay some nights of a home, or all published ones.

    Returns: one row of COLUMNS a night, and every problem with its night. A night that cannot be replayed has no figures.
    """
    home = open_home(root)
    chosen = list(nights) if nights is not None else home.published_dates()
    if not chosen:
        raise CreditlineError(f"{home.root}: no night is published yet; run `creditline night --all`")
    rows, problems = [], []
    for number, day in enumerate(chosen, start=1):
        progress(f"[{number}/{len(chosen)}] {day} replay")
        try:
            done = replay_night(home, day)
        except CreditlineError as error:
            found = [str(error)]
            rows.append((day, *(None,) * 6, found))
        else:
            found = [str(difference) for difference in done.differences]
            rows.append(
                (
                    day,
                    done.decisions,
                    done.differing_decisions,
                    done.seconds,
                    done.logic_hash,
                    done.engine_then,
                    done.engine_now,
                    found,
                )
            )
        problems += [f"night {day}: {problem}" for problem in found]
    return rows, problems
