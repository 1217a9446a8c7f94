"""The folders and manifests of publications. This module opens no mart and needs none of the steps that publish.

A night has one publication, r00, and one more for every restatement that published it again: r01, r02. Orders follow from the
first; state and analysts use the latest. A restated publication counts once a line of `control/restatements.jsonl` names it, so
what a killed restatement left does not count.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from creditline.errors import UsageError
from creditline.home import SETTINGS_FILE, Home
from creditline.home.files import Json, let_all_read, make_readable_directory, move_tree_into_place
from creditline.home.proof import NotGenuine, check_file, read_proven
from creditline.home.restatements import read_restatements, voided_dates

REVISION = "r00"
MANIFEST = "manifest.json"
RUN = "run.json"


def revision_name(revision: int) -> str:
    """The folder of one publication of a night: r00 first, a restatement is r01."""
    return f"r{revision:02d}"


def publication_directory(home: Home, business_date: date, revision: int = 0) -> Path:
    """The folder of one publication of a night (without a revision: the first one), whether it exists or not."""
    return home.published / str(business_date) / revision_name(revision)


def place_publication(staged: Path, target: Path) -> None:
    """Put a finished publication into its place, where every user of the machine may read it."""
    let_all_read(staged)
    make_readable_directory(target.parent)
    move_tree_into_place(staged, target)


def latest_revisions(home: Home) -> dict[date, int]:
    """The latest revision of every night that was restated."""
    return {day: revision for each in read_restatements(home) for day, revision in each.publications.items()}


def latest_revision(home: Home, business_date: date) -> int:
    """The revision of a night's latest publication: 0 if it was never restated."""
    return latest_revisions(home).get(business_date, 0)


def latest_publication(home: Home, business_date: date) -> Path:
    """The latest publication of a night, which state and analysts use."""
    return publication_directory(home, business_date, latest_revision(home, business_date))


def state_directory(home: Home, business_date: date, revision: int = 0) -> Path:
    """The folder of the state that one publication of a night handed on; a restatement has its own."""
    first = home.state / f"business_date={business_date}"
    return first / revision_name(revision) if revision else first


def read_manifest(home: Home, business_date: date, revision: int | None = None) -> Json:
    """The manifest of one publication of a night (without a revision: the latest one).

    Raises:
        NotGenuine: it is not what this home signed for this publication.
    """
    chosen = latest_revision(home, business_date) if revision is None else revision
    path = publication_directory(home, business_date, chosen) / MANIFEST
    manifest: Json = json.loads(read_proven(home, path))
    said = (manifest["business_date"], manifest["revision"])
    if said != (str(business_date), chosen):
        raise NotGenuine(f"{path} is that of {said[0]}, {revision_name(said[1])}; restore it from a backup")
    return manifest


def published_file(home: Home, business_date: date, name: str, revision: int = 0) -> Path:
    """A file of a publication, checked against its signed manifest (without a revision: the first publication's).

    Args:
        name: its path below the publication, like `marts/fct_night.parquet`.

    Raises:
        NotGenuine: the manifest is not the home's, does not name the file, or the file is missing or was changed.
    """
    path = publication_directory(home, business_date, revision) / name
    digests = read_manifest(home, business_date, revision)["files"]
    if name not in digests:
        raise NotGenuine(f"{path} is not in the manifest of its publication; restore both from a backup")
    check_file(path, digests[name])
    return path


def published_fact(home: Home, business_date: date, name: str, revision: int = 0) -> Path:
    """A file of a publication whose bytes differ from run to run, checked against its signed `run.json`. Raises NotGenuine."""
    folder = publication_directory(home, business_date, revision)
    check_file(folder / name, json.loads(read_proven(home, folder / RUN))["files"].get(name, ""))
    return folder / name


def published_mart(home: Home, business_date: date, mart: str, revision: int = 0) -> Path:
    """The rows of a mart or report of one publication. Raises NotGenuine."""
    return published_file(home, business_date, f"marts/{mart}.parquet", revision)


def require_kind(home: Home) -> None:
    """Stop if the settings say that the home is a trial and its published nights say that it is not, or the other way round.

    Raises:
        UsageError: the settings and the newest night's manifest differ.
    """
    published = home.published_dates()
    if not published:
        return
    was_trial = bool(read_manifest(home, published[-1], 0).get("is_trial"))
    if was_trial != home.settings.is_trial:
        says, kind = str(home.settings.is_trial).lower(), "a trial" if was_trial else "no trial"
        raise UsageError(
            f"{home.root / SETTINGS_FILE}: is_trial is {says}, and night {published[-1]} was published as that of {kind}; set"
            " it back: a trial never becomes live, nor a home a trial; start another with `creditline init`"
        )


def is_void(home: Home, business_date: date) -> bool:
    """Whether a published night is void: its account snapshot could not be trusted, or two people declared it void."""
    return business_date in voided_dates(home) or _was_void(home, business_date)


def _was_void(home: Home, business_date: date) -> bool:
    return bool(read_manifest(home, business_date, 0)["is_void"])


def last_published(home: Home, before: date) -> date | None:
    """The newest published night before a date, void or not."""
    return max((day for day in home.published_dates() if day < before), default=None)


def last_valid(home: Home, before: date) -> date | None:
    """The newest published night before a date that is not void; the next night starts from its state."""
    voided = voided_dates(home)
    earlier = [day for day in home.published_dates() if day < before and day not in voided]
    return next((day for day in reversed(earlier) if not _was_void(home, day)), None)


def void_dates(home: Home, first: date, before: date) -> frozenset[date]:
    """The published nights from one date up to another, excluded, whose snapshot could not be trusted when they ran.

    Of a night that two people declared void, no delivered row counts (`store.record.counting`), but a later correction does.
    """
    return frozenset(day for day in home.published_dates() if first <= day < before and _was_void(home, day))
