"""Try a delivery against a home: all that its night would say, without changing the home.

The night's own steps run in a temporary folder. The files that they read are linked there, and what they write stays there.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb

from creditline.gate.checking import (
    FILE_REFUSED,
    REFUSED,
    DeliveryCheck,
    Misfit,
    check_delivery,
    manifest_of,
    misfits_of,
    refusal_of,
)
from creditline.gate.inputs import judged_delivery
from creditline.gate.routing import suite_of
from creditline.gate.verdict import SourceVerdict
from creditline.home import Home
from creditline.home.files import make_directory
from creditline.landing.accept import DeliveryRefused, accept
from creditline.landing.contract import MANIFEST_FILE, Manifest
from creditline.landing.files import FileRefused
from creditline.landing.manifest import INTRADAY_FEEDS, check_intraday
from creditline.night.calendar import NightHeld, require_turn
from creditline.release.clock import latest_stamp
from creditline.store.record import evidence_folder, intraday_records

# The folders that the steps before the build write; in raw only the evidence, until a delivery is taken in.
_OWN = ("landing", "warehouse", "quarantine", "outbox", "identity", "raw")
_SAID = {"distrust": "the file is kept and not trusted tonight", "refuse": FILE_REFUSED}


def check_against(home: Home, directory: Path) -> DeliveryCheck:
    """Try a delivery as its night would: turn, cut-off, sequence, duplicates, types, rules, routing, changes of ids, and the
    night before. For a delivery between nights, check its place in the order and do what `check_delivery` does.

    Raises:
        UsageError: there is no such folder.
    """
    try:
        manifest, manifest_sha256 = manifest_of(directory)
    except FileRefused as error:
        return DeliveryCheck(directory, (refusal_of(error, REFUSED),))
    if manifest.feed.startswith(INTRADAY_FEEDS):
        return _between_nights(home, directory, manifest, manifest_sha256)
    with tempfile.TemporaryDirectory() as scratch:
        found, is_known = _as_its_night(_beside(home, Path(scratch), directory, manifest), directory)
    return DeliveryCheck(directory, (*found, *_missing(home, manifest)), is_known)


def _between_nights(home: Home, directory: Path, manifest: Manifest, manifest_sha256: str) -> DeliveryCheck:
    found, records = check_delivery(directory).misfits, intraday_records(home, date.min)
    if any(record.manifest_sha256 == manifest_sha256 for record in records):
        return DeliveryCheck(directory, found, is_known=True)
    try:
        check_intraday(home, manifest, manifest.business_date, directory.resolve().name, records, latest_stamp(home))
    except FileRefused as error:
        found = (refusal_of(error, REFUSED), *found)
    return DeliveryCheck(directory, found)


def _beside(home: Home, root: Path, directory: Path, manifest: Manifest) -> Home:
    """A temporary home whose steps read the given home's files and write to its own folders, with this delivery landed."""
    _link(home.root, root, _OWN)
    if home.identity_file.exists():
        shutil.copytree(home.identity_file.parent, root / home.identity_file.parent.name)
    tried = Home(root)
    make_directory(tried.raw)
    _link(home.raw, tried.raw, (evidence_folder(home, manifest.business_date).parent.name,))
    make_directory(tried.landing)
    (tried.landing / str(_night_of(home, directory, manifest))).symlink_to(directory.resolve())
    return tried


def _link(folder: Path, target: Path, but: tuple[str, ...]) -> None:
    """Link all that lies in a folder, if it is there, under the same names in another, but for some."""
    for entry in folder.glob("*"):
        if entry.name not in but:
            (target / entry.name).symlink_to(entry)


def _night_of(home: Home, directory: Path, manifest: Manifest) -> date:
    """The night that would take the delivery in: that of its folder if it is in landing/, else that of its manifest."""
    place = directory.resolve()
    landed = {str(day): day for day in home.landed_dates()} if place.parent == home.landing.resolve() else {}
    return landed.get(place.name, manifest.business_date)


def _as_its_night(tried: Home, directory: Path) -> tuple[list[Misfit], bool]:
    """What the night's steps say, and whether the delivery was taken in already."""
    (night,) = tried.landing.iterdir()
    business_date = date.fromisoformat(night.name)
    found = [] if business_date in tried.published_dates() else _out_of_turn(tried, business_date)
    try:
        acceptance = accept(tried, business_date)
    except DeliveryRefused as error:
        if not isinstance(error.__cause__, FileRefused):
            raise
        refused = refusal_of(error.__cause__, REFUSED)
        others = [misfit for misfit in check_delivery(directory).misfits if misfit.rule != refused.rule]
        return [*found, refused, *others], False
    if not acceptance.is_known:
        with judged_delivery(tried, acceptance) as judgement:
            for verdict in judgement.verdicts:
                found += _misfits(tried, judgement.connection, business_date, verdict)
    return found, acceptance.is_known


def _out_of_turn(tried: Home, business_date: date) -> list[Misfit]:
    try:
        require_turn(tried, business_date)
    except NightHeld as error:
        return [Misfit(MANIFEST_FILE, "", "turn", "", 0, (str(error),), "the night waits")]
    return []


def _misfits(
    tried: Home, connection: duckdb.DuckDBPyConnection, business_date: date, verdict: SourceVerdict
) -> list[Misfit]:
    entry = verdict.entry
    refused = REFUSED if entry.is_required else FILE_REFUSED
    rows = [] if entry.refusal else misfits_of(connection, entry, suite_of(tried, entry, business_date), entry.notes)
    told = {
        misfit.rule: reason for misfit in rows for reason in verdict.reasons if reason.startswith(f"{misfit.rule}: ")
    }
    whole = [
        Misfit(entry.file, "", reason.partition(": ")[0], "", 0, (reason,), said)
        for reason in verdict.reasons
        if reason not in (*told.values(), *entry.notes)
        for said in [refused if not verdict.is_kept else _SAID.get(verdict.verdict, "it is noted")]
    ]
    advised = [
        replace(misfit, then=_advice(told, misfit) if verdict.is_kept else refused) if misfit.rows else misfit
        for misfit in rows
    ]
    return [*whole, *advised]


def _advice(told: dict[str, str], misfit: Misfit) -> str:
    """What happens to held rows, and what to do if the rule says it."""
    advice = told.get(misfit.rule, "").partition("; ")[2]
    return f"{misfit.then}; {advice}" if advice else misfit.then


def _missing(home: Home, manifest: Manifest) -> list[Misfit]:
    """Sources that the home expects every night and that are not in the delivery."""
    delivered = {entry.source for entry in manifest.sources if entry.corrects_business_date is None}
    return [
        Misfit(source, "", "expected_source", "", 0, ("it is not in the delivery",), "the night goes on without it")
        for source in home.settings.expected_sources
        if source not in delivered
    ]
