"""One encrypted POST to the subscriber, and what became of it.

DingTalk: http-callback-overview, selfcheck-dingtalk-app (a push slower than 1500 ms has timed out).
"""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

import urllib3

from portal.dingtalk.callback_crypto import (
    CallbackCipher,
    CallbackCryptoError,
    CallbackFault,
    check_signature,
    sign,
)

REPLY_FIELDS = ("msg_signature", "timeStamp", "nonce", "encrypt")
SUCCESS = "success"
LARGEST_REPLY = 64 * 1024


class Outcome(StrEnum):
    """``OK`` or the first thing that was wrong about the subscriber's answer; the last four are of Stream."""

    OK = "ok"
    NOT_REACHABLE = "not_reachable"
    TOO_SLOW = "too_slow"
    REDIRECT = "redirect"
    NOT_200 = "not_200"
    NOT_JSON = "not_json"
    FIELD_MISSING = "field_missing"
    SIGNATURE_WRONG = "signature_wrong"
    WILL_NOT_DECRYPT = "will_not_decrypt"
    WRONG_OWNER = "wrong_owner"
    NOT_SUCCESS = "not_success"
    NO_ACK = "no_ack"
    LATER = "later"
    NOT_CONNECTED = "not_connected"
    QUOTA_USED_UP = "quota_used_up"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """``field`` is the missing or wrong field of the reply, ``word`` what it decrypted to."""

    outcome: Outcome
    milliseconds: int
    http_status: int | None = None
    field: str = ""
    word: str = ""

    @property
    def is_ok(self) -> bool:
        """Whether the subscriber answered the encrypted word ``success`` in time."""
        return self.outcome is Outcome.OK


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where to push and with which secrets; ``owner_key`` stands behind the message."""

    url: str
    aes_key: str
    token: str
    owner_key: str
    signature_parameter: str
    timeout_milliseconds: int


def push(message: dict[str, Any], target: Target) -> Verdict:
    """Seal ``message`` and post it; never raises for what the subscriber does."""
    text = json.dumps(message, ensure_ascii=False)
    encrypt = CallbackCipher(target.aes_key).seal(text, owner_key=target.owner_key)
    return push_envelope({"encrypt": encrypt}, target)


def push_envelope(envelope: dict[str, Any], target: Target) -> Verdict:
    """Post a body as it is, signed over its ``encrypt`` text."""
    timestamp, nonce = str(int(time.time() * 1000)), secrets.token_hex(4)
    signature = sign(
        token=target.token, timestamp=timestamp, nonce=nonce, encrypt=str(envelope.get("encrypt", ""))
    )
    query = urlencode({target.signature_parameter: signature, "timestamp": timestamp, "nonce": nonce})
    url = f"{target.url}{'&' if '?' in target.url else '?'}{query}"
    started = time.monotonic()
    try:
        status, body = _post(url, envelope, timeout_seconds=target.timeout_milliseconds / 1000)
    except urllib3.exceptions.NewConnectionError:  # a kind of time-out to urllib3
        return Verdict(outcome=Outcome.NOT_REACHABLE, milliseconds=_since(started))
    except urllib3.exceptions.TimeoutError:
        return Verdict(outcome=Outcome.TOO_SLOW, milliseconds=_since(started))
    except (urllib3.exceptions.HTTPError, ValueError, UnicodeError):
        return Verdict(outcome=Outcome.NOT_REACHABLE, milliseconds=_since(started))
    return _judged(status, body, target=target, milliseconds=_since(started))


def _post(url: str, envelope: dict[str, Any], *, timeout_seconds: float) -> tuple[int, bytes]:
    # A fresh connection each time: a kept one may have been closed by the subscriber meanwhile.
    with urllib3.PoolManager(num_pools=1, timeout=urllib3.Timeout(total=timeout_seconds)) as pool:
        answer = pool.request(
            "POST",
            url,
            body=json.dumps(envelope).encode(),
            headers={"Content-Type": "application/json;charset=UTF-8", "Connection": "close"},
            retries=False,
            redirect=False,
            preload_content=False,
        )
        try:
            return answer.status, _read(answer, timeout_seconds=timeout_seconds)
        finally:
            answer.close()


def _read(answer: urllib3.BaseHTTPResponse, *, timeout_seconds: float) -> bytes:
    # urllib3's limit counts from byte to byte; a trickling answer would never reach it.
    ends, body = time.monotonic() + timeout_seconds, b""
    while len(body) < LARGEST_REPLY:
        chunk = answer.read1(LARGEST_REPLY)
        if not chunk:
            break
        body += chunk
        if time.monotonic() > ends:
            raise urllib3.exceptions.TimeoutError
    return body


def _judged(status: int, body: bytes, *, target: Target, milliseconds: int) -> Verdict:
    def verdict(outcome: Outcome, *, field: str = "", word: str = "") -> Verdict:
        return Verdict(
            outcome=outcome, milliseconds=milliseconds, http_status=status, field=field, word=word[:200]
        )

    if milliseconds > target.timeout_milliseconds:
        return verdict(Outcome.TOO_SLOW)
    if status != 200:
        return verdict(Outcome.REDIRECT if 300 <= status < 400 else Outcome.NOT_200)
    reply = _json_object(body)
    if reply is None:
        return verdict(Outcome.NOT_JSON)
    for field in REPLY_FIELDS:
        if not isinstance(reply.get(field), str) or not reply[field]:
            return verdict(Outcome.FIELD_MISSING, field=field)
    try:
        check_signature(
            token=target.token,
            timestamp=reply["timeStamp"],
            nonce=reply["nonce"],
            encrypt=reply["encrypt"],
            signature=reply["msg_signature"],
        )
        opened = CallbackCipher(target.aes_key).open(reply["encrypt"], owner_keys=[target.owner_key])
    except CallbackCryptoError as error:
        outcomes = {
            CallbackFault.SIGNATURE_MISMATCH: Outcome.SIGNATURE_WRONG,
            CallbackFault.OWNER_MISMATCH: Outcome.WRONG_OWNER,
        }
        return verdict(outcomes.get(error.fault, Outcome.WILL_NOT_DECRYPT))
    if opened.message != SUCCESS:
        return verdict(Outcome.NOT_SUCCESS, word=opened.message)
    return verdict(Outcome.OK, word=SUCCESS)


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        reply = json.loads(body)
    except ValueError:
        return None
    return reply if isinstance(reply, dict) else None


def _since(started: float) -> int:
    return int((time.monotonic() - started) * 1000)
