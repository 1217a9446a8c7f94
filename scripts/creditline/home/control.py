"""What people recorded for good: one JSON object on each line of a file in `control/`, appended as a whole or not at all.

Each line has the home's signature, its number, the name of its file and the sha256 of the line before it. So nobody else can
write, move, change or leave out a line. `heads.json` says how many lines each file has, so that a missing last line is
noticed, too. The ledger and the newest publication say it again, in case an older `heads.json` was put back.
"""

from __future__ import annotations

import hashlib
import json
from functools import partial
from pathlib import Path

from creditline.home import Home
from creditline.home.files import Json, write_file
from creditline.home.keys import require_keys
from creditline.home.lock import holding
from creditline.home.proof import (
    NotGenuine,
    read_proven,
    read_signed,
    with_signature,
    without_signature,
    write_signed,
)

# An append takes milliseconds, so a process that holds the folder longer has stopped working.
_PATIENCE_SECONDS = 10
_CHAIN = ("file", "line", "previous_sha256")


def read_lines(home: Home, file: Path) -> list[Json]:
    """The content of every line of a control file, in order; empty if nothing was recorded yet.

    Raises:
        NotGenuine: a line is not the home's own, or lines are missing; names the file and the line.
    """
    # read first, so that a line which is appended meanwhile is one more than expected and never one less
    heads = [noted.get(file.name) for noted in (_published_heads(home), *map(partial(_read_heads, home), _notes(home)))]
    lines = file.read_bytes().splitlines() if file.is_file() else []
    said, before = [], None
    for number, line in enumerate(lines, start=1):
        said.append(_read_line(home, file, number, line, before))
        before = _sha256(line)
    for head in filter(None, heads):
        _require_head(file, lines, head)
    return said


def _read_line(home: Home, file: Path, number: int, line: bytes, before: str | None) -> Json:
    where = f"{file} line {number}"
    try:
        record = json.loads(line)
    except ValueError as error:
        raise NotGenuine(f"{where} is no JSON object ({error}); restore the file from a backup") from error
    said = without_signature(home, record, where)
    chain = tuple(said.pop(name, None) for name in _CHAIN)
    if chain != (file.name, number, before):
        raise NotGenuine(f"{where} does not follow the line before it; restore the file from a backup")
    return said


def _require_head(file: Path, lines: list[bytes], head: Json) -> None:
    """Check that all recorded lines are there. Lines after them were written by a process that died before it recorded them."""
    known = head["line"]
    if len(lines) < known or _sha256(lines[known - 1]) != head["sha256"]:
        raise NotGenuine(f"{file} holds {len(lines)} lines, {known} were recorded; restore the file from a backup")


def append_line(home: Home, file: Path, record: Json) -> None:
    """Append one line. If two people do so at the same time, both lines are recorded.

    Raises:
        HomeBusy: another process does not end its own line; nothing was recorded.
        NotGenuine: the file is not what was recorded.
        KeyRefused: the home's keys are lost or open to others.
    """
    require_keys(home)
    with holding(home.control / ".append.lock", f"{file.name}: nothing was recorded", _PATIENCE_SECONDS):
        begin_control(home)
        number = len(read_lines(home, file)) + 1
        earlier = file.read_bytes() if file.is_file() else b""
        before = _sha256(earlier.splitlines()[-1]) if earlier else None
        chained = record | dict(zip(_CHAIN, (file.name, number, before), strict=True))
        line = json.dumps(with_signature(home, chained), ensure_ascii=False).encode()
        write_file(file, earlier + line + b"\n")
        _note_head(home, file, {"line": number, "sha256": _sha256(line)})


def _note_head(home: Home, file: Path, head: Json) -> None:
    for note in _notes(home):
        write_signed(home, note, _read_heads(home, note) | {file.name: head})


def begin_control(home: Home) -> None:
    """Begin to record how far each control file has come. After its first publication a home without this record is damaged."""
    for note in _notes(home):
        if not note.exists() and _newest_run(home) is None:
            write_signed(home, note, {})


def control_heads(home: Home) -> dict[str, Json]:
    """The number and the sha256 of each control file's last line. A publication's `run.json` keeps them, too."""
    return _read_heads(home, _notes(home)[0])


def _notes(home: Home) -> tuple[Path, Path]:
    """The two files that say how far each control file has come: beside them, and in the ledger."""
    return home.control / "heads.json", home.ledger / "control_heads.json"


def _read_heads(home: Home, note: Path) -> dict[str, Json]:
    return read_signed(home, note) if note.exists() or _newest_run(home) else {}


def _published_heads(home: Home) -> dict[str, Json]:
    """How far the files had come when the newest night was published. It shows if somebody put older files back."""
    run = _newest_run(home)
    return json.loads(read_proven(home, run)).get("control", {}) if run else {}


def _newest_run(home: Home) -> Path | None:
    """The record of the last run that published the newest night. It does not use the pointer, which anybody may turn back."""
    published = home.published_dates()
    runs = sorted((home.published / str(published[-1])).glob("r??/run.json")) if published else []
    return runs[-1] if runs else None


def _sha256(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
