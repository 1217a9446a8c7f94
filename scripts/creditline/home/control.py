"""What people recorded for good: one JSON object a line in `control/`, appended whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

from creditline.home.files import write_file
from creditline.home.lock import holding

# An append takes milliseconds: who holds the folder longer stands still.
_PATIENCE_SECONDS = 10


def read_lines(file: Path) -> list[dict[str, object]]:
    """Every line of a control file in order; none where nothing was recorded yet."""
    return [json.loads(line) for line in file.read_text().splitlines()] if file.is_file() else []


def append_line(file: Path, record: dict[str, object]) -> None:
    """Record one line after those that are there; of two people at once, both are recorded.

    Raises:
        HomeBusy: another process does not end its own line; nothing was recorded.
    """
    with holding(file.parent / ".append.lock", f"{file.name}: nothing was recorded", _PATIENCE_SECONDS):
        earlier = file.read_bytes() if file.is_file() else b""
        write_file(file, earlier + (json.dumps(record, ensure_ascii=False) + "\n").encode())
