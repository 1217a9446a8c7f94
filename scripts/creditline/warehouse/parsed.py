"""The project as dbt parsed it, kept as a temporary file between two nights on Spark. It affects decisions, so it counts only
with the home's seal; without one dbt parses again."""

from __future__ import annotations

from pathlib import Path

from creditline.home import Home
from creditline.home.files import sha256_of
from creditline.home.proof import NotGenuine, read_signed, write_signed

# dbt's own name for it
PARSED = "partial_parse.msgpack"
_SEAL = "seal.json"


def seal(home: Home, target_path: Path) -> None:
    """Seal what dbt left there, so that it counts from now on."""
    write_signed(home, target_path / _SEAL, {PARSED: sha256_of(target_path / PARSED)})


def clear_unsealed(home: Home, target_path: Path) -> None:
    """Delete what dbt left there if this home did not seal it."""
    parsed = target_path / PARSED
    try:
        is_sealed = parsed.is_file() and read_signed(home, target_path / _SEAL) == {PARSED: sha256_of(parsed)}
    except NotGenuine:
        is_sealed = False
    if not is_sealed:
        parsed.unlink(missing_ok=True)
