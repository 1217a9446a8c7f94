"""HMAC-SHA256 (RFC 2104) in SQL, where the engine has sha256 alone; the padded keys are parameters and stand in no text."""

from __future__ import annotations

import hashlib
import hmac

_BLOCK = 64


def keyed_hash(value: str) -> str:
    """SQL: the HMAC of a text as 64 hexadecimal digits, with the pads as parameters `inner` and `outer`."""
    return f"sha256(unhex($outer) || unhex(sha256(unhex($inner) || encode({value}))))"


def pads(secret: bytes) -> dict[str, str]:
    """The two padded keys as hex, as parameters of a statement."""
    key = hashlib.sha256(secret).digest() if len(secret) > _BLOCK else secret
    key = key.ljust(_BLOCK, b"\0")
    return {"inner": bytes(byte ^ 0x36 for byte in key).hex(), "outer": bytes(byte ^ 0x5C for byte in key).hex()}


def derived(secret: bytes, purpose: str) -> bytes:
    """A secret of its own for one purpose, so that no value hashed for another one is worth anything here."""
    return hmac.digest(secret, purpose.encode(), "sha256")
