"""Check that bytes are those that this home wrote: by sha256 of files, and by signatures with the home's own key.

No file is believed only because it is in the right place. All code that reads for a decision, an order, a notice or an
explanation checks here.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from creditline.errors import CreditlineError
from creditline.home import Home
from creditline.home.files import Json, canonical_json, sha256_of, write_file
from creditline.home.keys import public_key, sign

SIGNATURE = "signature"
_BACKUP = "restore it from a backup"
# Checks that this process has passed: a night checks the same records several times, and the result depends on the bytes alone.
_verified: set[tuple[bytes, bytes, bytes]] = set()


class NotGenuine(CreditlineError):
    """Bytes are not those that this home wrote, so they are not used. Names the file and what to do."""


def check_file(path: Path, sha256: str) -> None:
    """Compare one file with its sha256. Raises NotGenuine."""
    if not path.is_file():
        raise NotGenuine(f"{path} is missing; {_BACKUP}")
    if sha256_of(path) != sha256:
        raise NotGenuine(f"{path} was changed: its sha256 is not {sha256}; {_BACKUP}")


def check_files(files: Iterable[tuple[Path, str]], threads: int) -> None:
    """Compare many files with their sha256, several at once. Raises NotGenuine for the first that was changed."""
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(lambda file: check_file(*file), files):
            pass


def is_signed(home: Home, content: bytes, signature: Json) -> bool:
    """Whether a signature over these bytes was made with this home's own key, whichever key it names."""
    try:
        made = base64.b64decode(signature["signature"])
    except (KeyError, TypeError, ValueError):
        return False
    return _verifies(public_key(home), content, made)


def _verifies(public: bytes, content: bytes, signature: bytes) -> bool:
    claim = (public, hashlib.sha256(content).digest(), signature)
    if claim in _verified:
        return True
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, content)
    except InvalidSignature:
        return False
    _verified.add(claim)
    return True


def read_proven(home: Home, path: Path) -> bytes:
    """The bytes of a file whose signature is beside it as `<name>.sig`.

    Raises:
        NotGenuine: either is missing, or the signature is not this home's over these bytes.
    """
    beside = path.with_name(f"{path.name}.sig")
    try:
        content, signature = path.read_bytes(), json.loads(beside.read_bytes())
    except FileNotFoundError as error:
        raise NotGenuine(f"{error.filename} is missing; {_BACKUP}") from error
    except ValueError as error:
        raise NotGenuine(f"{beside} is not a signature ({error}); {_BACKUP}") from error
    if not is_signed(home, content, signature):
        raise NotGenuine(f"{path} was changed, or {beside.name} is not of this home's key; {_BACKUP}")
    return content


def with_signature(home: Home, record: Json) -> Json:
    """A record of plain JSON values, which contains the home's signature over all its other values."""
    return record | {SIGNATURE: sign(home, canonical_json(record))}


def write_signed(home: Home, path: Path, record: Json) -> None:
    """Write a record of plain JSON values that contains the home's signature."""
    write_file(path, canonical_json(with_signature(home, record)))


def read_signed(home: Home, path: Path) -> Json:
    """A record that `write_signed` kept, without its signature.

    Raises:
        NotGenuine: it is missing, not such a record, or not signed by this home.
    """
    try:
        record = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise NotGenuine(f"{path} is missing; {_BACKUP}") from error
    except ValueError as error:
        raise NotGenuine(f"{path} is not a record of this home ({error}); {_BACKUP}") from error
    return without_signature(home, record, str(path))


def without_signature(home: Home, record: object, where: str) -> Json:
    """The content of a signed record.

    Args:
        where: its file, and its line if it has more than one.

    Raises:
        NotGenuine: it has no signature, or one that is not this home's over its content.
    """
    if not isinstance(record, dict) or SIGNATURE not in record:
        raise NotGenuine(f"{where} has no signature; {_BACKUP}")
    said = {name: value for name, value in record.items() if name != SIGNATURE}
    if not is_signed(home, canonical_json(said), record[SIGNATURE]):
        raise NotGenuine(f"{where} was changed, or its signature is not of this home's key; {_BACKUP}")
    return said
