"""What a home keeps of its simulated book: `book.json` is what it is made from, `world.npz` is how far it has come."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from creditline.errors import CreditlineError, UsageError
from creditline.home.files import canonical_json, write_file
from creditline.simulate.bad_rows import BadRow
from creditline.simulate.calendar import REGULATORY_CAP_FEN, REGULATORY_OFFSET, as_date, day_number
from creditline.simulate.core import Core, core_as_text, core_from_text, start_core
from creditline.simulate.world import Book, World

BOOK_FILE, WORLD_FILE = "book.json", "world.npz"


@dataclass(frozen=True)
class Progress:
    """A book up to its last landed night: the world at the end of that night, and what the next night needs."""

    world: World
    file_format: str
    sequence: int = 0
    bad_rows: tuple[BadRow, ...] = ()
    core: Core | None = None

    @property
    def next_date(self) -> date:
        """The next night to land, which is the book's first night if none was landed."""
        return as_date(max(self.world.day + 1, self.world.book.anchor))

    def landed(self, sequence: int, bad_rows: list[BadRow], core: Core | None) -> Progress:
        return replace(self, sequence=sequence, bad_rows=(*self.bad_rows, *bad_rows), core=core)


def read_progress(truth: Path) -> Progress | None:
    """The book that `truth` holds, or None. Raises CreditlineError if its files are damaged."""
    if not (truth / BOOK_FILE).is_file():
        return None
    try:
        noted = json.loads((truth / BOOK_FILE).read_text())
        book = Book(
            seed=noted["seed"],
            accounts=noted["accounts"],
            anchor=day_number(date.fromisoformat(noted["first_date"])),
            history_days=noted["history_days"],
            time_zone=noted["time_zone"],
            core=noted["core"],
        )
        if not (truth / WORLD_FILE).is_file():
            return Progress(World(book), noted["file_format"], core=start_core(book.core))
        with np.load(truth / WORLD_FILE, allow_pickle=False) as state:
            bad = tuple(BadRow(date.fromisoformat(row[0]), *row[1:]) for row in state["bad_rows"].tolist())
            core = core_from_text(str(state["core"]))
            return Progress(World.restore(book, state), noted["file_format"], int(state["sequence"]), bad, core)
    except (KeyError, ValueError, OSError) as error:
        raise CreditlineError(
            f"{truth}: the simulated book cannot be read ({error}); simulate it again into another home"
        ) from error


def start_progress(truth: Path, book: Book, file_format: str) -> Progress:
    """Record what a new book is made from, before its first night is landed."""
    write_file(truth / BOOK_FILE, canonical_json(_told(book, file_format)))
    return Progress(World(book), file_format, core=start_core(book.core))


def keep_progress(truth: Path, progress: Progress) -> None:
    """Record how far the book has come, in one file, so that a kill leaves either the old record or the new one."""
    rows = [[str(row.business_date), row.source, row.key, row.rule, row.column] for row in progress.bad_rows]
    content = io.BytesIO()
    arrays: dict[str, Any] = {
        **progress.world.state(),
        "sequence": np.array(progress.sequence),
        "core": np.array(core_as_text(progress.core)),
        "bad_rows": np.array(rows, dtype=str).reshape(len(rows), 5),
    }
    np.savez(content, **arrays)
    write_file(truth / WORLD_FILE, content.getvalue())


def check_continues(progress: Progress, book: Book, file_format: str, first_date: date, truth: Path) -> None:
    """Raise UsageError unless the call continues the book that is there."""
    asked, there = _told(book, file_format), _told(progress.world.book, progress.file_format)
    for name in ("seed", "accounts", "history_days", "file_format", "time_zone", "core"):
        if asked[name] != there[name]:
            raise UsageError(
                f"{truth / BOOK_FILE}: the book has {name} {there[name]}, not {asked[name]}; "
                "continue it as it is, or simulate another one into another home"
            )
    if first_date != progress.next_date:
        raise UsageError(
            f"{truth / BOOK_FILE}: the book goes on with {progress.next_date}, not with {first_date}; "
            f"simulate from {progress.next_date}, or let it continue"
        )


def _told(book: Book, file_format: str) -> dict[str, object]:
    return {
        "seed": book.seed,
        "accounts": book.accounts,
        "first_date": as_date(book.anchor).isoformat(),
        "history_days": book.history_days,
        "file_format": file_format,
        "time_zone": book.time_zone,
        "core": book.core,
        "regulatory_date": as_date(book.anchor + REGULATORY_OFFSET).isoformat(),
        "regulatory_cap_amount": f"{REGULATORY_CAP_FEN // 100}.00",
    }
