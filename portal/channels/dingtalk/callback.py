"""DingTalk's event callback in our words: open what arrives, seal what is answered."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from portal.channels.callback_refusals import CallbackRefused, RefusalReason
from portal.channels.dingtalk.connection import Binding
from portal.dingtalk.callback_crypto import (
    CallbackCipher,
    CallbackCryptoError,
    CallbackFault,
    check_signature,
    sign,
)
from portal.dingtalk.events import CallbackEvent as ParsedEvent
from portal.dingtalk.events import EventShapeError, parse_event
from portal.rules.approval_state import ApprovalState

CHECK_URL = "check_url"
# Stands inside the seal of the portal's own check of its address; DingTalk never sends it.
OWN_CHECK = "portalOwnCheck"


class OwnerKeyKind(StrEnum):
    """Which key the message was sealed for: it depends on how the subscription was made."""

    APP_KEY = "app_key"
    CORP_ID = "corp_id"


@dataclass(frozen=True, kw_only=True)
class OpenedEvent:
    """An event that passed every check, whatever road it came by; ``payload`` is what it was read from."""

    event: ParsedEvent
    payload: str
    owner_key_kind: OwnerKeyKind


@dataclass(frozen=True, kw_only=True)
class OpenedCallback(OpenedEvent):
    """A callback that passed every check."""

    owner_key: str

    @property
    def is_address_check(self) -> bool:
        """Whether DingTalk only checks the address, as it does when the subscription is saved."""
        return self.event.event_type == CHECK_URL

    @property
    def is_own_check(self) -> bool:
        """Whether the portal checks its address itself: answered like DingTalk's check, and not kept as one."""
        return self.is_address_check and json.loads(self.payload).get(OWN_CHECK) is True


_REASONS = {
    CallbackFault.SIGNATURE_MISMATCH: RefusalReason.SIGNATURE,
    CallbackFault.OWNER_MISMATCH: RefusalReason.WRONG_OWNER,
    CallbackFault.BAD_MESSAGE: RefusalReason.BAD_MESSAGE,
}


def open_callback(binding: Binding, *, query: Mapping[str, str], body: bytes) -> OpenedCallback:
    """Verify, decrypt and parse one callback; raises ``CallbackRefused``.

    Accepts both names of the signature and both spellings of the time stamp (DingTalk: http-callback-overview).
    """
    signature = query.get("msg_signature") or query.get("signature") or ""
    timestamp = query.get("timestamp") or query.get("timeStamp") or ""
    nonce = query.get("nonce") or ""
    encrypt = _encrypt_of(body)
    if not (signature and timestamp and nonce):
        raise CallbackRefused(RefusalReason.QUERY_INCOMPLETE)
    try:
        check_signature(
            token=binding.callback_token,
            timestamp=timestamp,
            nonce=nonce,
            encrypt=encrypt,
            signature=signature,
        )
        opened = CallbackCipher(binding.callback_aes_key).open(
            encrypt, owner_keys=(binding.app_key, binding.corp_id)
        )
    except CallbackCryptoError as error:
        reason = _REASONS.get(error.fault, RefusalReason.UNDECRYPTABLE)
        raise CallbackRefused(reason) from error
    try:
        event = parse_event(opened.message)
    except EventShapeError as error:
        raise CallbackRefused(RefusalReason.BAD_MESSAGE) from error
    if event.corp_id is not None and event.corp_id != binding.corp_id:
        raise CallbackRefused(RefusalReason.WRONG_CORP)
    kind = OwnerKeyKind.APP_KEY if opened.owner_key == binding.app_key else OwnerKeyKind.CORP_ID
    return OpenedCallback(
        event=event, payload=opened.message, owner_key_kind=kind, owner_key=opened.owner_key
    )


def outcomes_told(payload: str) -> frozenset[ApprovalState]:
    """Return the outcomes that a stored event of an instance leaves possible; none when it tells of no end."""
    event = parse_event(payload)
    if event.kind == "terminate":
        return frozenset({ApprovalState.WITHDRAWN, ApprovalState.TERMINATED})
    if event.kind != "finish":
        return frozenset()
    decisions = {"agree": ApprovalState.APPROVED, "refuse": ApprovalState.REJECTED}
    if event.result in decisions:
        return frozenset({decisions[event.result]})
    return frozenset(decisions.values())


def person_told(payload: str) -> str | None:
    """Return the user id of the person whose task a stored event is about."""
    return parse_event(payload).staff_id


def success_answer(binding: Binding, *, owner_key: str) -> dict[str, str]:
    """Return the encrypted ``success`` that DingTalk waits for."""
    timestamp, nonce = str(int(time.time() * 1000)), secrets.token_hex(8)
    encrypt = CallbackCipher(binding.callback_aes_key).seal("success", owner_key=owner_key)
    signature = sign(token=binding.callback_token, timestamp=timestamp, nonce=nonce, encrypt=encrypt)
    return {"msg_signature": signature, "timeStamp": timestamp, "nonce": nonce, "encrypt": encrypt}


def _encrypt_of(body: bytes) -> str:
    try:
        envelope = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise CallbackRefused(RefusalReason.NOT_JSON) from error
    encrypt = envelope.get("encrypt") if isinstance(envelope, dict) else None
    if not isinstance(encrypt, str) or not encrypt.isascii():
        raise CallbackRefused(RefusalReason.NOT_JSON)
    return encrypt
