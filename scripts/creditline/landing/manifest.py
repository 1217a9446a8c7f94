"""The manifest of a delivery: read without trust, compared with the contract and with earlier deliveries."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from creditline.home import Home, local_to_utc
from creditline.home.files import Json
from creditline.landing.contract import MANIFEST_FILE, DeliveredSource, Manifest, contract, contract_version
from creditline.landing.files import FileRefused, open_regular
from creditline.store.record import DeliveryRecord, is_told

# Names of feeds between nights begin like this, so their sequences and batches are never those of a night's feed.
INTRADAY_FEEDS = "intraday"
_MAX_BYTES = 1 << 20
# A reason names at most so many files, with so many letters.
_NAMED_FILES, _NAMED_LENGTH = 3, 40


def read_manifest(directory: Path, *, is_intraday: bool = False) -> tuple[Manifest, str]:
    """The manifest of a delivery folder, and the sha256 of its bytes; `is_intraday` of one between nights.

    Raises: FileRefused if there is none, or it is not a manifest of this contract.
    """
    path = directory / MANIFEST_FILE
    if not path.exists():
        raise _refused("manifest_missing", f"{directory} has none", "deliver it with its manifest")
    try:
        with open_regular(path, MANIFEST_FILE) as stream:
            content = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise _refused("manifest", f"cannot be read ({error.strerror})") from error
    if len(content) > _MAX_BYTES:
        raise _refused("manifest", f"is larger than {_MAX_BYTES} bytes")
    try:
        manifest = Manifest.model_validate_json(content, strict=True)
        # parsed only now: a file that the contract allows is neither deep nor large
        json.loads(content, object_pairs_hook=_without_twins)
    except ValidationError as error:
        first = error.errors()[0]
        where = ": ".join([".".join(map(str, first["loc"])), first["msg"]] if first["loc"] else [first["msg"]])
        raise _refused("manifest", where, "write it as docs/reference/landing.md shows") from error
    except ValueError as error:
        raise _refused("manifest", str(error), "write it as docs/reference/landing.md shows") from error
    _check_contract(manifest, is_intraday)
    return manifest, hashlib.sha256(content).hexdigest()


def naive_utc(moment: datetime) -> datetime:
    """A timestamp of a manifest as naive UTC; one without a zone is UTC already."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def check_night(home: Home, manifest: Manifest, business_date: date) -> None:
    """Check that the manifest names this night, and came after its day began and before its cut-off.

    Raises: FileRefused.
    """
    if manifest.business_date != business_date:
        raise _refused(
            "business_date",
            f"says {manifest.business_date}, but is in landing/{business_date}",
            "put the delivery into the folder of its own date",
        )
    delivered_at = naive_utc(manifest.delivered_at)
    cut_off_at = home.cut_off_at(business_date)
    if delivered_at > cut_off_at:
        raise _refused(
            "late",
            f"delivered at {delivered_at}Z, the cut-off was {cut_off_at}Z",
            "keep it for a restatement of that night",
        )
    began_at = local_to_utc(datetime.combine(business_date, datetime.min.time()), home.settings.time_zone)
    if delivered_at < began_at:
        raise _refused(
            "business_date",
            f"delivered at {delivered_at}Z, before {business_date} began at {began_at}Z",
            "correct the date or the clock of the sender",
        )


def check_intraday(
    home: Home, manifest: Manifest, business_date: date, at: str, records: list[DeliveryRecord], latest: datetime | None
) -> None:
    """Check that the manifest fits its folder `landing/<business_date>/intraday/<at>/` and comes after its feed's last delivery.
    No feed may have delivered for a later day, and `delivered_at` is not later than now.

    A sequence may be left out: events stand for themselves, and the night's own delivery brings what is missing.

    Args:
        at: the local time of delivery, HHMM.
        records: the deliveries between nights that were taken in.
        latest: now; None if that is not known.

    Raises: FileRefused.
    """
    delivered_at = naive_utc(manifest.delivered_at)
    local = delivered_at.replace(tzinfo=UTC).astimezone(ZoneInfo(home.settings.time_zone))
    if manifest.business_date != business_date or local.date() != business_date or f"{local:%H%M}" != at:
        raise _refused(
            "intraday_time",
            f"says {manifest.business_date} and {local:%Y-%m-%d %H:%M}, but is in landing/{business_date}/intraday/{at}",
            "put it into the folder of the local day and minute of its delivered_at",
        )
    if latest is not None and delivered_at > latest:
        raise _refused(
            "intraday_ahead",
            f"delivered at {delivered_at}Z, it is {latest:%Y-%m-%d %H:%M:%S}Z",
            "wait: it is taken in once its time has come; or have the sender's clock corrected",
        )
    for record in records:
        if record.feed == manifest.feed and record.sequence >= manifest.sequence:
            raise _refused(
                "sequence_old",
                f"feed {manifest.feed} delivered {record.sequence} already, this is {manifest.sequence}",
                "send it under the next sequence",
            )
        stands = naive_utc(datetime.fromisoformat(record.delivered_at))
        if record.business_date > business_date or (record.feed == manifest.feed and stands >= delivered_at):
            raise _refused(
                "intraday_order",
                f"delivered at {delivered_at}Z, {record.feed} {record.sequence} of {record.delivered_at} is in already",
                "send it again with the instant at which it leaves",
            )


def check_feed(home: Home, manifest: Manifest, records: list[DeliveryRecord]) -> None:
    """Check that the delivery is of the feed of the home's nights: the one that the settings name, or else the last one.

    Raises: FileRefused.
    """
    expected = home.settings.night_feed or (records[-1].feed if records else manifest.feed)
    if manifest.feed != expected:
        raise _refused(
            "feed",
            f"is '{manifest.feed}', the nights of this home are those of '{expected}'; it brings {_some(manifest)}",
            f"put the files of another system into the delivery of '{expected}', each with its entry in that manifest; if the"
            f" sender was renamed, write `night_feed: {manifest.feed}` into creditline.yml",
        )


def check_follows(manifest: Manifest, records: list[DeliveryRecord], skipped: frozenset[date] = frozenset()) -> None:
    """Check that the delivery comes next: in its feed's sequence, and in nights and times of delivery across all feeds.

    Args:
        records: the deliveries that were taken in, without the one that this one replaces.
        skipped: business dates that two people skipped; the delivery of each may be left out of the sequence.

    Raises: FileRefused.
    """
    of_feed = [record for record in records if record.feed == manifest.feed]
    if of_feed:
        _check_sequence(manifest, of_feed, skipped)
    _check_corrections(manifest, records)
    if not records:
        return
    last = max(records, key=lambda record: record.business_date)
    if manifest.business_date <= last.business_date:
        raise _refused(
            "business_date",
            f"feed {last.feed} already delivered {last.business_date} as its sequence {last.sequence}",
            "send an earlier night as a file with corrects_business_date, a night that is not published under its own sequence",
        )
    if naive_utc(manifest.delivered_at) <= naive_utc(datetime.fromisoformat(last.delivered_at)):
        raise _refused(
            "delivered_at",
            f"is {naive_utc(manifest.delivered_at)}Z, {last.feed} {last.sequence} of {last.delivered_at} is in already",
            "send it again with the instant at which it leaves",
        )


def _check_corrections(manifest: Manifest, records: list[DeliveryRecord]) -> None:
    """Refuse a correction of a night before the first one, because there is nothing to replace in it."""
    first = min((record.business_date for record in records), default=manifest.business_date)
    for entry in manifest.sources:
        if entry.corrects_business_date and entry.corrects_business_date < first:
            raise _refused(
                "corrects_business_date",
                f"{entry.file} corrects {entry.corrects_business_date}, the first night here is {first}",
                "correct the date; earlier events come with the night's own file",
            )


def _check_sequence(manifest: Manifest, of_feed: list[DeliveryRecord], skipped: frozenset[date]) -> None:
    for record in of_feed:
        if record.sequence == manifest.sequence:
            raise _refused(
                "sequence_conflict",
                f"feed {manifest.feed} delivered {record.sequence} for {record.business_date} with other content",
                "send a correction under the next sequence",
            )
    last = max(of_feed, key=lambda record: record.sequence)
    if manifest.sequence < last.sequence:
        raise _refused(
            "sequence_old",
            f"feed {manifest.feed} stands at {last.sequence}, this is {manifest.sequence}",
            "send what changed as a correction under the next sequence",
        )
    left_out = sum(last.business_date < day < manifest.business_date for day in skipped)
    if manifest.sequence > last.sequence + 1 + left_out:
        raise _refused(
            "sequence_gap",
            f"feed {manifest.feed} stands at {last.sequence}, this is {manifest.sequence}: it is held",
            f"deliver sequence {last.sequence + 1} first; if that night is published, run `creditline heal`",
        )


def check_not_repeated(entry: DeliveredSource, records: list[DeliveryRecord]) -> None:
    """Refuse bytes that were taken in for another night: the file is stale, whatever its name is now.

    Raises: FileRefused.
    """
    if contract()[entry.source].may_repeat or entry.rows == 0:
        return
    for record in records:
        for earlier in record.sources:
            if earlier.file_sha256 == entry.sha256 and earlier.verdict != "refuse":
                raise FileRefused(
                    entry.file,
                    "duplicate",
                    f"the same bytes were taken in for {record.business_date} as {earlier.file}, so it is that night's file"
                    " or nothing at all has changed since",
                    "export this night's own file; if nothing has changed, leave the file out or send it with a header alone, and"
                    " let two people skip a night without its account_snapshot (`creditline skip`)",
                )


def _check_contract(manifest: Manifest, is_intraday: bool) -> None:
    if manifest.contract_version != contract_version():
        raise _refused(
            "contract_version",
            f"is {manifest.contract_version}, {contract_version()} is expected",
            "deliver by docs/reference/landing.md of this release",
        )
    for entry in manifest.sources:
        if entry.source not in contract():
            raise _refused("source", f"'{entry.source}' is not a source of the contract", "leave it out or rename it")
        if entry.corrects_business_date and entry.corrects_business_date >= manifest.business_date:
            raise _refused("corrects_business_date", f"{entry.file} corrects a night that is not an earlier one")
        if entry.coverage_from and entry.coverage_from > manifest.business_date:
            raise _refused(
                "coverage_from",
                f"{entry.file} begins on {entry.coverage_from}, after its own night {manifest.business_date}",
                "state the first day of which it holds everything",
            )
    for what, names in (
        ("source", [entry.relation for entry in manifest.sources]),
        ("file", [entry.file for entry in manifest.sources]),
    ):
        twins = sorted({name for name in names if names.count(name) > 1})
        if twins:
            raise _refused(what, f"{', '.join(twins)} is named twice", "deliver one file for each source and night")
    if is_intraday:
        _check_between_nights(manifest)
        return
    if manifest.feed.startswith(INTRADAY_FEEDS):
        raise _refused("feed", f"{manifest.feed} is a name of a feed between nights", "give the night's feed another")
    for source in contract().values():
        if source.required and source.name not in [entry.relation for entry in manifest.sources]:
            raise _refused(
                "required_source",
                f"{source.name} is not in it, feed '{manifest.feed}' brings {_some(manifest)}",
                f"a night is one delivery of one feed: deliver {source.name} with it, or put its files, each with its entry in"
                f" the manifest, into the delivery that brings {source.name}",
            )


def _some(manifest: Manifest) -> str:
    """The files of a delivery as a person names them, not all if they are many."""
    files = [entry.file[:_NAMED_LENGTH] for entry in manifest.sources]
    return ", ".join([*files[:_NAMED_FILES], *(["..."] if len(files) > _NAMED_FILES else [])]) or "no file"


def _check_between_nights(manifest: Manifest) -> None:
    if not manifest.feed.startswith(INTRADAY_FEEDS):
        raise _refused("feed", f"{manifest.feed} does not begin with {INTRADAY_FEEDS}", "name the feed so")
    for entry in manifest.sources:
        if not contract()[entry.source].intraday:
            raise _refused("source", f"{entry.source} comes with the night only", "send it with the night's delivery")
        if entry.corrects_business_date:
            raise _refused(
                "corrects_business_date", f"{entry.file} corrects a night", "send it with the night's delivery"
            )


def _without_twins(pairs: list[tuple[str, object]]) -> Json:
    names = [name for name, _ in pairs]
    twins = {name for name in names if names.count(name) > 1}
    if twins:
        raise ValueError(f"{', '.join(sorted(twins))} is there twice")
    return dict(pairs)


def _refused(rule: str, what: str, next_step: str = "deliver it again") -> FileRefused:
    return FileRefused(MANIFEST_FILE, rule, what, next_step)


def replaced_by(home: Home, manifest: Manifest, records: list[DeliveryRecord]) -> DeliveryRecord | None:
    """The delivery that another one replaces: of the same night, under its own sequence, or of a feed that was renamed.

    Args:
        records: every night's delivery that was taken in, without this one.
    """
    if is_told(home, manifest.business_date):
        return None
    return next(
        (
            record
            for record in records
            if record.business_date == manifest.business_date
            and (record.feed != manifest.feed or record.sequence == manifest.sequence)
        ),
        None,
    )
