"""The home's signing key (Ed25519). A demo home signs with a well-known key, which a release refuses anywhere else."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from creditline.errors import UsageError
from creditline.home import DEMO_SECRET, Home
from creditline.home.files import canonical_json, write_file


def signing_key(home: Home) -> Ed25519PrivateKey:
    """The key of this home; made and kept on first use.

    Raises:
        UsageError: the key file is not an Ed25519 private key in PEM.
    """
    if home.settings.is_demo:
        return _demo_signing_key()
    path = home.key_file(home.settings.keys.signing_key)
    if not path.exists():
        _make_key(path)
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"{path} is no Ed25519 private key; give another in creditline.yml under keys.signing_key")
    return key


def _make_key(path: Path) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_file(path, pem)
    path.chmod(0o600)


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


def is_signed(home: Home, content: bytes, signature: dict[str, str]) -> bool:
    """Whether a signature over these bytes was made with this home's own key, whatever key it names."""
    try:
        signing_key(home).public_key().verify(base64.b64decode(signature["signature"]), content)
    except (InvalidSignature, KeyError, ValueError):
        return False
    return True


def sign_file(home: Home, path: Path) -> None:
    """Write `<path>.sig`: the signature over the file's bytes."""
    write_file(path.with_name(f"{path.name}.sig"), canonical_json(sign(home, path.read_bytes())))


def demo_keys(home: Home) -> list[str]:
    """Which of a home's keys are the well-known ones of demo homes, by their names in creditline.yml."""
    found = []
    if home.pseudonym_secret() == DEMO_SECRET:
        found.append("keys.pseudonym_secret")
    if public_bytes(signing_key(home)) == public_bytes(_demo_signing_key()):
        found.append("keys.signing_key")
    return found


def _demo_signing_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(DEMO_SECRET).digest())
