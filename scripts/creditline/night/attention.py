"""What in a home needs a person, each with its reason and the next command to type.

It reads no clock: a night is missing if the packs' calendar expects it before a night that came.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from creditline.errors import CreditlineError
from creditline.home import INTRADAY, Home
from creditline.home.database import connect_within
from creditline.home.files import sha256_of
from creditline.home.marts import mart_rows
from creditline.home.proof import read_proven
from creditline.home.publications import latest_publication, read_manifest
from creditline.home.releases import settlement_record
from creditline.home.restatements import VOID, is_overtaken, read_restatements
from creditline.landing.contract import MANIFEST_FILE
from creditline.night import held_nights, pending_nights
from creditline.night.calendar import is_refused, missing_dates
from creditline.release import FEED, read_holds
from creditline.release.feed import SECURITY, interrupted_files
from creditline.release.golive import overdue_validations
from creditline.release.holds import is_answered
from creditline.store.inputs import read_inputs
from creditline.warehouse.state import state_file

_NIGHT_SOURCE = "run.night_source"
_ACCOUNTS = "account_snapshot"
_WHY = {
    "missing": "it came on an earlier night or is expected, and not tonight",
    "gap": "its file of an earlier night was refused, and those rows have not come: have them sent as a correction of that night",
}


@dataclass(frozen=True)
class Need:
    """One thing that needs a person. `stops`: a night is missing, refused or held, or a published file is gone or changed."""

    what: str
    why: str
    command: str
    stops: bool = False


def needs_of_home(home: Home) -> list[Need]:
    """Everything that needs a person, first what stops the nights. A file that is not genuine is listed and raises no error."""
    published = home.published_dates()
    found = _told(_of_waiting, home)
    if published:
        found += [
            *_told(_pointer, home),
            *needs_of_night(home, published[-1]),
            *_told(_between_nights, home, published[-1]),
        ]
    elif not home.landed_dates():
        why = f"{home.landing} holds no delivery (docs/reference/landing.md)"
        found.append(Need("no night is landed", why, "creditline check DIR"))
    return sorted(found, key=lambda need: not need.stops)


def _told(find: Callable[..., Iterator[Need]], home: Home, *nights: date) -> list[Need]:
    try:
        return list(find(home, *nights))
    except CreditlineError as error:
        newest = home.published_dates()[-1:]
        command = f"creditline replay --date {newest[0]}" if newest else "creditline status"
        return [Need("a file cannot be believed", str(error), command, stops=True)]


def needs_of_night(home: Home, night: date) -> list[Need]:
    """What needs a person because of one published night, until a later one is published."""
    if night != max(home.published_dates()):
        return []
    changed = _changed_files(home, night)
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        return [
            Need(
                f"files of night {night} are gone or changed",
                f"{changed[0]}{more}; restore them from a backup, then see that the night is what it was",
                f"creditline replay --date {night}",
                stops=True,
            )
        ]
    parts = (_void, _interrupted, _holds, _distrusted, _quarantine, _from_marts, _validations)
    return [need for part in parts for need in _told(part, home, night)]


def _pointer(home: Home) -> Iterator[Need]:
    shown = latest_publication(home, home.published_dates()[-1])
    if home.current.resolve() != shown.resolve():
        yield Need(
            "what analysts open is not the newest night",
            f"{home.current} leads to {home.current.resolve()}, and not to {shown}",
            "creditline heal",
            stops=True,
        )


def _of_waiting(home: Home) -> Iterator[Need]:
    waiting, held = pending_nights(home), held_nights(home)
    came = [*home.published_dates()[-1:], *waiting, *home.watched_dates()]
    for day in missing_dates(home, max(came)) if came else []:
        if day not in waiting:
            yield Need(
                f"night {day} is missing",
                "calendar.csv expects it and it was not delivered; have it delivered, or let two people skip it",
                f"creditline skip --date {day} --by A --approved-by B --reason TEXT",
                stops=True,
            )
    for day in waiting:
        if is_refused(home, day):
            yield Need(f"night {day} is refused", _refusal(home.quarantine / str(day)), _check(home, day), stops=True)
        elif day in held:
            yield Need(f"night {day} is held", f"it waits for {held[day]}", "creditline night --all", stops=True)
        else:
            yield Need(f"night {day} is landed", "it was not run to its end", f"creditline night --date {day}")


def _check(home: Home, day: date) -> str:
    return f"creditline check {shlex.quote(str(home.landing / str(day)))}"


def _refusal(folder: Path) -> str:
    return str(json.loads((folder / "refusal.json").read_text())["reason"])


def _changed_files(home: Home, night: date) -> list[str]:
    """Files of a publication that are missing or differ from what its manifest and run record say."""
    try:
        manifest = read_manifest(home, night)
        publication = latest_publication(home, night)
        named = manifest["files"] | json.loads(read_proven(home, publication / "run.json"))["files"]
    except (OSError, ValueError, KeyError, CreditlineError) as error:
        return [str(error)]
    state = state_file(home, night, "account").parent
    files = {publication / name: digest for name, digest in named.items()}
    files |= {state / name: digest for name, digest in manifest["state"].items()}
    return [
        f"{path} is {'changed' if path.is_file() else 'gone'}"
        for path, digest in files.items()
        if not path.is_file() or sha256_of(path) != digest
    ]


def _void(home: Home, night: date) -> Iterator[Need]:
    declared = [each for each in read_restatements(home) if each.kind == VOID and each.from_date == night]
    if declared:
        why = f"{declared[0].by} and {declared[0].approved_by} declared it void: {declared[0].reason}"
        yield Need(
            f"night {night} is void", f"{why}; have the right rows sent as a correction", "creditline restate -h"
        )
    elif read_manifest(home, night)["is_void"]:
        why = "its account snapshot was late or refused: every limit stayed as it was"
        yield Need(f"night {night} is void", why, _check(home, night))


def _interrupted(home: Home, night: date) -> Iterator[Need]:
    command = f"creditline night --date {night}"
    for feed in (FEED, SECURITY):
        for file in interrupted_files(home, feed):
            yield Need("a release was interrupted", f"{file}: whether it left is not recorded", command)
    if not settlement_record(home, night).is_file():
        yield Need(f"night {night} is not settled", "it was published, and not released or settled to its end", command)


def _holds(home: Home, night: date) -> Iterator[Need]:
    for hold in [] if is_overtaken(home, night) else read_holds(home, night).values():
        if not is_answered(home, night, hold):
            yield Need(
                f"slice {hold.slice_code} is held",
                f"{hold.reason}: {hold.orders} orders wait until {hold.expires_at}Z",
                f"creditline approve {shlex.quote(hold.slice_code)} --date {night} --by A --approved-by B",
            )


def _distrusted(home: Home, night: date) -> Iterator[Need]:
    reasons = {
        entry["source"]: "; ".join(entry["reasons"])
        for delivery in read_manifest(home, night)["deliveries"]
        for entry in delivery["sources"]
        if entry["corrects_business_date"] is None
    }
    relation = next(relation for relation in read_inputs(home, night) if relation.name == _NIGHT_SOURCE)
    for row in (dict(zip(relation.columns, row, strict=True)) for row in relation.rows):
        if row["is_distrusted"]:
            why = reasons.get(row["source"]) or _WHY.get(str(row["verdict"]), "")
            yield Need(f"source {row['source']} is distrusted", f"{row['verdict']}: {why}", _check(home, night))
    for delivery in read_manifest(home, night)["deliveries"]:
        for entry in delivery["sources"]:
            if columns := entry.get("distrusted_columns"):
                what = f"distrusted in {entry['source']}: {', '.join(columns)}"
                yield Need(what, "; ".join(entry["reasons"]), _check(home, night))


def _quarantine(home: Home, night: date) -> Iterator[Need]:
    rows = {
        entry["source"]: entry["quarantined_rows"]
        for delivery in read_manifest(home, night)["deliveries"]
        for entry in delivery["sources"]
        if entry["quarantined_rows"]
    }
    where = home.quarantine / str(night)
    command = f"ls -R {shlex.quote(str(where))}"
    if accounts := rows.pop(_ACCOUNTS, 0):
        yield Need(f"accounts in quarantine: {accounts}", f"night {night} decided without them", command)
    if rows:
        each = ", ".join(f"{source} {count}" for source, count in sorted(rows.items()))
        yield Need(f"other rows in quarantine: {sum(rows.values())}", f"of night {night}: {each}", command)


def _from_marts(home: Home, night: date) -> Iterator[Need]:
    published = read_manifest(home, night)["rows"]
    with connect_within(home) as connection:
        drifted = _column(connection, home, night, published, "mon_feature_drift", "distinct feature", "is_distrusted")
        frozen = _column(connection, home, night, published, "fct_freeze_night", "distinct customer_key", "is_frozen")
        late = f"status = 'IN_FLIGHT' and released_date < date '{night}'"
        unanswered = _column(connection, home, night, published, "fct_order_night", "released_date", late)
    if drifted:
        yield Need(
            f"features distrusted by drift: {len(drifted)}",
            f"{', '.join(drifted)} keep their values of the last trusted night",
            f"creditline sql \"from mon_feature_drift where is_distrusted and business_date = '{night}'\"",
        )
    if unanswered:
        yield Need(
            f"orders without an answer: {len(unanswered)}",
            f"released from {unanswered[0]} on, and the core acknowledged nothing",
            f"creditline sql \"from fct_order_night where status = 'IN_FLIGHT' and business_date = '{night}'\"",
        )
    if frozen:
        yield Need(
            f"customers frozen: {len(frozen)}",
            f"security freezes stand after night {night}",
            f"creditline sql \"from fct_freeze_night where is_frozen and business_date = '{night}'\"",
        )


def _column(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    night: date,
    published: dict[str, int],
    mart: str,
    column: str,
    where: str,
) -> list[Any]:
    """One column of a mart's rows; a release that did not publish the mart has none."""
    if mart not in published:
        return []
    rows = connection.execute(f"select {column} from ({mart_rows(home, mart, [night])}) where {where} order by 1")
    return [row[0] for row in rows.fetchall()]


def _validations(home: Home, night: date) -> Iterator[Need]:
    for pack, why in overdue_validations(home, night):
        yield Need(f"pack {pack} is not validated", why, f"creditline policy check {shlex.quote(pack)}")


def _between_nights(home: Home, newest: date) -> Iterator[Need]:
    """Refused deliveries of days whose night is still to come; for past days the night brought the rows again."""
    for day in (day for day in home.watched_dates() if day > newest):
        for refusal in sorted((home.quarantine / str(day) / INTRADAY).glob("*/refusal.json")):
            at = refusal.parent.name
            if (home.landing / str(day) / INTRADAY / at / MANIFEST_FILE).is_file():
                why = _refusal(refusal.parent)
                yield Need(f"delivery {day} {at} is refused", why, f"creditline watch --date {day}")
