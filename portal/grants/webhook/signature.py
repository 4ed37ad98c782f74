"""Signatures of webhook calls: HMAC-SHA256 over the time and the body, once for each secret that counts."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

SIGNATURE = "Portal-Signature"
TIMESTAMP = "Portal-Timestamp"
DELIVERY = "Portal-Delivery"


def signature(secret: str, *, timestamp: str, body: bytes) -> str:
    """Return the hexadecimal HMAC-SHA256 of ``timestamp``, a dot and ``body`` under the UTF-8 bytes of ``secret``."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def key_id(secret: str) -> str:
    """Return a name for a secret by which nobody can guess it: the beginning of a digest of 256 random bits."""
    return hashlib.sha256(b"portal webhook key\0" + secret.encode()).hexdigest()[:8]


def signed_headers(
    secrets: Sequence[str], *, delivery_id: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """Return the headers that prove a call: ``timestamp`` in seconds since 1970, a signature for each secret."""
    at = str(timestamp)
    signatures = (f"{key_id(each)}={signature(each, timestamp=at, body=body)}" for each in secrets)
    return {DELIVERY: delivery_id, TIMESTAMP: at, SIGNATURE: ", ".join(signatures)}
