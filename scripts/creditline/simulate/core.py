"""The core system of a closed loop: it fetches the orders that left, applies them, and answers each of them.

A chaotic core is late, applies orders in part, refuses them, loses answers, sends them late or twice, and answers
orders that it never received. Limits that the core changes by itself belong to the world (`World`).
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from creditline.errors import CreditlineError
from creditline.home.files import Json, sha256_of, write_file
from creditline.release.feed import ORDER_FEEDS
from creditline.simulate.calendar import as_date, local_day
from creditline.simulate.randomness import stream
from creditline.simulate.world import APART, CHAOTIC, CLOSED, World

_OPENS_AT_HOUR = 9
# How often each thing goes wrong in a chaotic core, as a share.
_UNTOUCHED, _IN_PART, _REFUSED, _LOST, _LATE, _TWICE, _INVENTED = 0.1, 0.02, 0.02, 0.03, 0.1, 0.05, 0.2
_LATEST_DAYS = 6


@dataclass(frozen=True)
class Order:
    """A line of an adjustment file. Amounts are fen, times UTC seconds; `account` is an index into the book."""

    adjustment_id: str
    account: int
    action: str
    old: int
    new: int
    expires_at: int


@dataclass(frozen=True)
class Place:
    """How far the core has come in one feed: the last file that it fetched."""

    feed: str
    sequence: int = 0
    file_sha256: str | None = None


@dataclass(frozen=True)
class Answer:
    """The core's answer to an order, and the first day on which the core sends it."""

    adjustment_id: str
    account: int
    status: str
    before: int
    applied: int | None
    reason: str | None
    at: int
    day: int


@dataclass(frozen=True)
class Core:
    """The state of the core: the files that it fetched, orders not processed yet, answers not sent yet."""

    is_chaotic: bool
    places: tuple[Place, ...] = tuple(Place(feed) for feed in ORDER_FEEDS)
    untouched: tuple[Order, ...] = ()
    unsent: tuple[Answer, ...] = ()

    def work(self, world: World, outbox: Path, day: int) -> tuple[Core, list[Answer]]:
        """Fetch orders, apply them to the world's limits, and answer. Returns the core after this day and what it did.

        Raises CreditlineError if a file does not match its control file, or does not follow the file before it.
        """
        rng = stream(world.book.seed, "core", day)
        fetched = self._fetch(outbox)
        waiting = [order for order in fetched.untouched if self.is_chaotic and rng.random() < _UNTOUCHED]
        now = local_day(day, world.book.time_zone).starts_at + _OPENS_AT_HOUR * 3600
        done = [self._apply(world, order, now, day, rng) for order in fetched.untouched if order not in waiting]
        spoken = [later for answer in done for later in self._speak(answer, rng)]
        if self.is_chaotic and rng.random() < _INVENTED:
            spoken.append(Answer(rng.bytes(32).hex(), 0, "applied", 0, 100_00, None, now, day))
        return replace(fetched, untouched=tuple(waiting), unsent=(*fetched.unsent, *spoken)), done

    def tell(self, day: int) -> tuple[Core, list[Answer]]:
        """The answers that leave with the day's delivery, one for each order, and the core without these answers."""
        due = {answer.adjustment_id: answer for answer in self.unsent if answer.day <= day}
        return replace(self, unsent=tuple(answer for answer in self.unsent if answer.day > day)), list(due.values())

    def _fetch(self, outbox: Path) -> Core:
        places, orders = [], list(self.untouched)
        for place in self.places:
            folder = outbox / place.feed
            for control_file in sorted(folder.glob("*.ctl"), key=lambda path: path.stem.rpartition("_")[2]):
                control = json.loads(control_file.read_text())
                if control["sequence"] > place.sequence:
                    orders += _read_orders(folder / control["file"], control, place)
                    place = Place(place.feed, control["sequence"], control["sha256"])
            places.append(place)
        return replace(self, places=tuple(places), untouched=tuple(orders))

    def _apply(self, world: World, order: Order, now: int, day: int, rng: np.random.Generator) -> Answer:
        before = int(world.limit[order.account])
        refusal = _refusal(world, order, now, before)
        if refusal is None and self.is_chaotic and rng.random() < _REFUSED:
            refusal = "REFUSED"
        if refusal:
            return Answer(order.adjustment_id, order.account, "rejected", before, None, refusal, now, day)
        if order.action in ("FREEZE", "RESTORE"):
            world.frozen_until[order.account] = order.expires_at if order.action == "FREEZE" else 0
            return Answer(order.adjustment_id, order.account, "applied", before, before, None, now, day)
        is_partial = self.is_chaotic and rng.random() < _IN_PART
        applied = (order.old + order.new) // 200 * 100 if is_partial else order.new
        world.limit[order.account] = applied
        return Answer(order.adjustment_id, order.account, "applied", before, applied, None, now, day)

    def _speak(self, answer: Answer, rng: np.random.Generator) -> list[Answer]:
        """The answers to send and their days: at once; a chaotic core may send one late or twice, or never."""
        if not self.is_chaotic:
            return [answer]
        if rng.random() < _LOST:
            return []
        late = replace(answer, day=answer.day + int(rng.integers(1, _LATEST_DAYS + 1)))
        first = late if rng.random() < _LATE else answer
        return [first, replace(first, day=first.day + 1)] if rng.random() < _TWICE else [first]


def start_core(book_core: str) -> Core | None:
    """The core of a new book; None if the core changes limits by itself."""
    return None if book_core == APART else Core(is_chaotic=book_core == CHAOTIC)


def core_as_text(core: Core | None) -> str:
    """The core for storage."""
    return json.dumps(None if core is None else asdict(core))


def core_from_text(text: str) -> Core | None:
    """The core that `core_as_text` stored."""
    stored = json.loads(text)
    if stored is None:
        return None
    stored["places"] = tuple(Place(**place) for place in stored["places"])
    stored["untouched"] = tuple(Order(**order) for order in stored["untouched"])
    stored["unsent"] = tuple(Answer(**answer) for answer in stored["unsent"])
    return Core(**stored)


def write_core_truth(directory: Path, day: int, done: list[Answer], account_ids: list[str]) -> None:
    """Write `truth/core/<date>.parquet`: one row for each order that the core processed that day."""
    table = pa.table(
        {
            "adjustment_id": pa.array([answer.adjustment_id for answer in done], pa.string()),
            "account_id": pa.array(account_ids, pa.string()),
            "status": pa.array([answer.status for answer in done], pa.string()),
            "limit_before_minor": pa.array([answer.before for answer in done], pa.int64()),
            "applied_limit_minor": pa.array([answer.applied for answer in done], pa.int64()),
            "reason": pa.array([answer.reason for answer in done], pa.string()),
        }
    )
    content = io.BytesIO()
    pq.write_table(table, content, compression="zstd")
    write_file(directory / "core" / f"{as_date(day)}.parquet", content.getvalue())


def _refusal(world: World, order: Order, now: int, before: int) -> str | None:
    if order.expires_at <= now:
        return "EXPIRED"
    if world.status[order.account] >= CLOSED:
        return "CLOSED"
    return "STALE" if before != order.old else None


def _read_orders(file: Path, control: Json, place: Place) -> list[Order]:
    rows = list(csv.DictReader(io.StringIO(file.read_text())))
    announced = (control["sequence"], control["previous_sha256"], control["rows"], control["sha256"])
    if announced != (place.sequence + 1, place.file_sha256, len(rows), sha256_of(file)):
        raise CreditlineError(f"{file}: it does not match its control file, or does not follow file {place.sequence}")
    return [_order(row) for row in rows]


def _order(row: dict[str, str]) -> Order:
    # a freeze under a legal hold has no end
    until = row["expires_at"] or "9999-12-31T00:00:00Z"
    expires_at = datetime.strptime(until, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return Order(
        row["adjustment_id"],
        int(row["account_id"].removeprefix("A")) - 1,
        row["action"],
        _fen(row["old_limit_amount"]),
        _fen(row["new_limit_amount"]),
        int(expires_at.timestamp()),
    )


def _fen(amount: str) -> int:
    return int(Decimal(amount) * 100)
