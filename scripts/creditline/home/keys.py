"""The home's keys: the secret behind its keyed hashes, and the Ed25519 key that it signs with.

Both are made once, for a home that has done nothing yet. A demo home has well-known keys, which a release refuses elsewhere.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from functools import cache, lru_cache
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from creditline.home import DEMO_SECRET, SETTINGS_FILE, Home
from creditline.home.files import canonical_json, make_directory, write_file, write_new_file
from creditline.home.key_files import KeyRefused, read_key_file


def signing_key(home: Home) -> Ed25519PrivateKey:
    """The key that this home signs with.

    Raises:
        KeyRefused: it is lost, open to others, or no Ed25519 private key in PEM.
    """
    if home.settings.is_demo:
        return _demo_signing_key()
    path = home.key_file(home.settings.keys.signing_key)
    return _signing_key_of(path, read_key_file(path))


@lru_cache(maxsize=8)
def _signing_key_of(path: Path, content: bytes) -> Ed25519PrivateKey:
    """The key in a file. The file is read every time; the same bytes are parsed only once."""
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyRefused(
            f"{path} is not an Ed25519 private key in PEM without a password; restore it from a backup, or say in"
            f" {SETTINGS_FILE} under keys.signing_key where it lies"
        )
    return key


def public_key(home: Home) -> bytes:
    """The 32 raw bytes of the public half of the home's key. Raises KeyRefused."""
    return public_bytes(signing_key(home))


def require_keys(home: Home) -> None:
    """Check the keys that a command needs before it touches anything.

    Raises:
        KeyRefused: one of them is lost, open to others, or no key.
    """
    home.pseudonym_secret()
    signing_key(home)


def make_keys(home: Home) -> list[Path]:
    """Make the missing keys of a home; existing ones are not touched. Returns: the files that were made.

    Raises:
        KeyRefused: one is lost, and the home has used it already.
    """
    wanted = {home.settings.keys.pseudonym_secret: _new_secret, home.settings.keys.signing_key: _new_signing_key}
    missing = {
        path: make
        for name, make in wanted.items()
        if not (path := home.key_file(name)).is_symlink() and not path.exists()
    }
    if home.settings.is_demo or not missing:
        return []
    if home.has_history():
        raise KeyRefused(
            f"{next(iter(missing))} is lost: what this home has done was signed and hashed with it; restore it from a backup"
        )
    return [path for path, make in missing.items() if write_new_file(_in_private_folder(path), make())]


def _in_private_folder(path: Path) -> Path:
    """The path of a key, in a folder of its own that nobody else can enter."""
    make_directory(path.parent, mode=0o700)
    return path


def _new_secret() -> bytes:
    return secrets.token_bytes(32).hex().encode()


def _new_signing_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The 32 raw bytes of the public half."""
    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def sign(home: Home, content: bytes) -> dict[str, str]:
    """The signature over some bytes, with the public key's id and the key itself."""
    key = signing_key(home)
    public = public_bytes(key)
    return {
        "algorithm": "Ed25519",
        "key_id": hashlib.sha256(public).hexdigest()[:16],
        "public_key": base64.b64encode(public).decode(),
        "signature": base64.b64encode(key.sign(content)).decode(),
    }


def sign_file(home: Home, path: Path) -> None:
    """Write `<path>.sig`: the signature over the file's bytes."""
    write_file(path.with_name(f"{path.name}.sig"), canonical_json(sign(home, path.read_bytes())))


def demo_keys(home: Home) -> list[str]:
    """The home's keys that are the well-known ones of demo homes, by their names in creditline.yml."""
    found = []
    if home.pseudonym_secret() == DEMO_SECRET:
        found.append("keys.pseudonym_secret")
    if public_bytes(signing_key(home)) == public_bytes(_demo_signing_key()):
        found.append("keys.signing_key")
    return found


@cache
def _demo_signing_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(DEMO_SECRET).digest())
