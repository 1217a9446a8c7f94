"""Replays as rows, and as one line if something differs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from creditline.errors import CreditlineError
from creditline.home import open_home
from creditline.home.database import Row
from creditline.home.publications import latest_revision, revision_name
from creditline.replay import replay_night

COLUMNS = (
    "night",
    "decisions",
    "differing",
    "seconds",
    "logic hash",
    "engine then",
    "engine now",
    "problems",
    "publication",
)


def replay_nights(
    root: Path, nights: Sequence[date] | None, progress: Callable[[str], None]
) -> tuple[list[Row], list[str]]:
    """Replay some nights of a home, or all published ones; of a restated night every publication.

    Returns: one row of COLUMNS for each publication, and every problem with its night. A publication that cannot be replayed
    has no figures.
    """
    home = open_home(root)
    chosen = list(nights) if nights is not None else home.published_dates()
    if not chosen:
        raise CreditlineError(f"{home.root}: no night is published yet; run `creditline night --all`")
    publications = [(day, revision) for day in chosen for revision in range(latest_revision(home, day) + 1)]
    rows: list[Row] = []
    problems: list[str] = []
    for number, (day, revision) in enumerate(publications, start=1):
        named = f" {revision_name(revision)}" if revision else ""
        progress(f"[{number}/{len(publications)}] {day} replay{named}")
        try:
            done = replay_night(home, day, revision)
        except CreditlineError as error:
            found = [str(error)]
            rows.append((day, *(None,) * 6, found, revision_name(revision)))
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
                    revision_name(revision),
                )
            )
        problems += [f"night {day}{named}: {problem}" for problem in found]
    return rows, problems
