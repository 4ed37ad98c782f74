"""Secrets at rest: AES-256-GCM bound to the place they are stored in."""

from __future__ import annotations

import base64
import hashlib
import os

from Crypto.Cipher import AES
from Crypto.Hash import SHA256
from Crypto.Protocol.KDF import HKDF

VERSION = "v1"
NONCE_BYTES = 12
TAG_BYTES = 16


class SecretUnreadable(Exception):
    """A stored secret does not open: the secret key changed or the row was tampered with."""


class SecretBox:
    """Seals and opens short texts with a key derived from ``PORTAL_SECRET_KEY``.

    The format is ``v1.<key id>.<base64 of nonce, ciphertext, tag>``; ``place`` (table, column, row) is
    authenticated, so a value copied to another row does not open.
    """

    def __init__(self, secret_key: str) -> None:
        self._key = HKDF(secret_key.encode(), 32, b"portal secrets at rest", SHA256)
        self._key_id = hashlib.sha256(self._key).hexdigest()[:8]

    def seal(self, plaintext: str, *, place: str) -> str:
        """Encrypt ``plaintext`` for ``place``."""
        nonce = os.urandom(NONCE_BYTES)
        cipher = AES.new(self._key, AES.MODE_GCM, nonce=nonce, mac_len=TAG_BYTES)
        cipher.update(place.encode())
        ciphertext, tag = cipher.encrypt_and_digest(plaintext.encode())
        return f"{VERSION}.{self._key_id}.{base64.b64encode(nonce + ciphertext + tag).decode()}"

    def open(self, sealed: str, *, place: str) -> str:
        """Decrypt what ``seal`` made for ``place``; raises ``SecretUnreadable``."""
        try:
            version, _key_id, body = sealed.split(".", 2)
            blob = base64.b64decode(body, validate=True)
            if version != VERSION or len(blob) < NONCE_BYTES + TAG_BYTES:
                raise SecretUnreadable(place)
            cipher = AES.new(self._key, AES.MODE_GCM, nonce=blob[:NONCE_BYTES], mac_len=TAG_BYTES)
            cipher.update(place.encode())
            return cipher.decrypt_and_verify(blob[NONCE_BYTES:-TAG_BYTES], blob[-TAG_BYTES:]).decode()
        except ValueError as error:
            raise SecretUnreadable(place) from error
