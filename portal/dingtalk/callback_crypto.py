"""Signature and encryption of DingTalk's HTTP event callback, on bytes.

Source of every rule: DingTalk's "HTTP callback" pages and the public vectors beside the tests. The official
sample classes are not followed where they count characters instead of bytes, break base64 into lines, compare
signatures with ``!=`` or look at the last padding byte only.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from Crypto.Cipher import AES

PADDING_BLOCK = 32
RANDOM_PREFIX = 16
LENGTH_FIELD = 4
AES_KEY_CHARACTERS = 43


class CallbackFault(StrEnum):
    """Why a callback was not accepted; stored and counted, never shown raw."""

    SIGNATURE_MISMATCH = "signature_mismatch"
    BAD_CIPHERTEXT = "bad_ciphertext"
    BAD_PADDING = "bad_padding"
    BAD_LENGTH = "bad_length"
    BAD_MESSAGE = "bad_message"
    OWNER_MISMATCH = "owner_mismatch"


class CallbackCryptoError(Exception):
    """A callback that failed one of the checks, named by ``fault``."""

    def __init__(self, fault: CallbackFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A decrypted callback: its UTF-8 message and the owner key that stood behind it."""

    message: str
    owner_key: str


def sign(*, token: str, timestamp: str, nonce: str, encrypt: str) -> str:
    """Return DingTalk's signature: lower-case hex SHA-1 over the four strings in byte order."""
    parts = sorted(part.encode() for part in (token, timestamp, nonce, encrypt))
    return hashlib.sha1(b"".join(parts), usedforsecurity=False).hexdigest()


def check_signature(*, token: str, timestamp: str, nonce: str, encrypt: str, signature: str) -> None:
    """Compare in constant time; raises ``CallbackCryptoError(SIGNATURE_MISMATCH)``."""
    expected = sign(token=token, timestamp=timestamp, nonce=nonce, encrypt=encrypt)
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        raise CallbackCryptoError(CallbackFault.SIGNATURE_MISMATCH)


class CallbackCipher:
    """AES-256-CBC as DingTalk uses it, for one ``aes_key`` of 43 letters and digits.

    Raises ``ValueError`` when the key is not 43 characters of base64.
    """

    def __init__(self, aes_key: str) -> None:
        if len(aes_key) != AES_KEY_CHARACTERS:
            raise ValueError("aes_key must have 43 characters")
        # DingTalk's key has unused low bits in its last character: b64decode tolerates them.
        try:
            self._key = base64.b64decode(aes_key + "=", validate=True)
        except (binascii.Error, ValueError) as error:
            raise ValueError("aes_key must hold base64 characters only") from error

    def open(self, encrypt: str, *, owner_keys: Iterable[str]) -> Opened:
        """Decrypt and check that the message is meant for one of ``owner_keys`` (app key or corp id).

        Raises ``CallbackCryptoError`` naming the first check that failed.
        """
        plaintext = self._unpad(self._decrypt(encrypt))
        start = RANDOM_PREFIX + LENGTH_FIELD
        if len(plaintext) < start:
            raise CallbackCryptoError(CallbackFault.BAD_LENGTH)
        length = int.from_bytes(plaintext[RANDOM_PREFIX:start], "big")
        if length > len(plaintext) - start:
            raise CallbackCryptoError(CallbackFault.BAD_LENGTH)
        owner = plaintext[start + length :]
        if not any(hmac.compare_digest(owner, known.encode()) for known in owner_keys if known):
            raise CallbackCryptoError(CallbackFault.OWNER_MISMATCH)
        try:
            message = plaintext[start : start + length].decode("utf-8")
        except UnicodeDecodeError as error:
            raise CallbackCryptoError(CallbackFault.BAD_MESSAGE) from error
        return Opened(message=message, owner_key=owner.decode("ascii", "replace"))

    def seal(self, message: str, *, owner_key: str, random_bytes: Callable[[int], bytes] = os.urandom) -> str:
        """Encrypt ``message`` for ``owner_key``; the length field counts UTF-8 bytes."""
        body = message.encode()
        plaintext = random_bytes(RANDOM_PREFIX) + len(body).to_bytes(LENGTH_FIELD, "big") + body
        plaintext += owner_key.encode()
        pad = PADDING_BLOCK - len(plaintext) % PADDING_BLOCK
        sealed = self._cipher().encrypt(plaintext + bytes([pad]) * pad)
        return base64.b64encode(sealed).decode("ascii")

    def _decrypt(self, encrypt: str) -> bytes:
        try:
            return bytes(self._cipher().decrypt(base64.b64decode(encrypt, validate=True)))
        except (binascii.Error, ValueError) as error:
            raise CallbackCryptoError(CallbackFault.BAD_CIPHERTEXT) from error

    @staticmethod
    def _unpad(plaintext: bytes) -> bytes:
        pad = plaintext[-1] if plaintext else 0
        if not 1 <= pad <= PADDING_BLOCK or plaintext[-pad:] != bytes([pad]) * pad:
            raise CallbackCryptoError(CallbackFault.BAD_PADDING)
        return plaintext[:-pad]

    def _cipher(self) -> Any:  # pycryptodome's mode classes have no public name
        return AES.new(self._key, AES.MODE_CBC, iv=self._key[:16])
