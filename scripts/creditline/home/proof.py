"""Whether bytes are those that this home wrote: sha256 of files, and signatures that bear the home's own key.

Nothing is believed because of where it lies. Whoever reads on the way to a decision, an order, a notice or an explanation asks here.
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
# What this process has found true: a night asks of the same records several times, and the answer depends on these bytes alone.
_verified: set[tuple[bytes, bytes, bytes]] = set()


class NotGenuine(CreditlineError):
    """Bytes are not those that this home wrote: nothing goes on from them. Names the file and what to do."""


def check_file(path: Path, sha256: str) -> None:
    """Compare one file with its sha256. Raises NotGenuine."""
    if not path.is_file():
        raise NotGenuine(f"{path} is missing; {_BACKUP}")
    if sha256_of(path) != sha256:
        raise NotGenuine(f"{path} was changed: its sha256 is not {sha256}; {_BACKUP}")


def check_files(files: Iterable[tuple[Path, str]], threads: int) -> None:
    """Compare many files with their sha256, several at once. Raises NotGenuine for the first that is not what it was."""
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(lambda file: check_file(*file), files):
            pass


def is_signed(home: Home, content: bytes, signature: Json) -> bool:
    """Whether a signature over these bytes was made with this home's own key, whatever key it names."""
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
    """The bytes of a file whose signature lies beside it as `<name>.sig`.

    Raises:
        NotGenuine: either is missing, or the signature is not this home's over these bytes.
    """
    beside = path.with_name(f"{path.name}.sig")
    try:
        content, signature = path.read_bytes(), json.loads(beside.read_bytes())
    except FileNotFoundError as error:
        raise NotGenuine(f"{error.filename} is missing; {_BACKUP}") from error
    except ValueError as error:
        raise NotGenuine(f"{beside} is no signature ({error}); {_BACKUP}") from error
    if not is_signed(home, content, signature):
        raise NotGenuine(f"{path} was changed, or {beside.name} is not of this home's key; {_BACKUP}")
    return content


def with_signature(home: Home, record: Json) -> Json:
    """A record of plain JSON values with the home's signature over all the rest in it."""
    return record | {SIGNATURE: sign(home, canonical_json(record))}


def write_signed(home: Home, path: Path, record: Json) -> None:
    """Keep a record of plain JSON values with the home's signature in it."""
    write_file(path, canonical_json(with_signature(home, record)))


def read_signed(home: Home, path: Path) -> Json:
    """A record that `write_signed` kept, without its signature.

    Raises:
        NotGenuine: it is missing, no such record, or not signed by this home.
    """
    try:
        record = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise NotGenuine(f"{path} is missing; {_BACKUP}") from error
    except ValueError as error:
        raise NotGenuine(f"{path} is no record of this home ({error}); {_BACKUP}") from error
    return without_signature(home, record, str(path))


def without_signature(home: Home, record: object, where: str) -> Json:
    """What a signed record says.

    Args:
        where: its file, and its line if it has more than one.

    Raises:
        NotGenuine: it bears no signature, or not this home's over what it says.
    """
    if not isinstance(record, dict) or SIGNATURE not in record:
        raise NotGenuine(f"{where} bears no signature; {_BACKUP}")
    said = {name: value for name, value in record.items() if name != SIGNATURE}
    if not is_signed(home, canonical_json(said), record[SIGNATURE]):
        raise NotGenuine(f"{where} was changed, or its signature is not of this home's key; {_BACKUP}")
    return said
