"""Callbacks as DingTalk would send them, sealed before the clock runs so that the client costs little."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator, Sequence
from urllib.parse import urlencode

from portal.dingtalk.callback_crypto import CallbackCipher, sign

EVERY_NTH_KNOWN = 10


def sealed_events(
    count: int,
    *,
    port: int,
    corp_id: str,
    app_key: str,
    token: str,
    aes_key: str,
    instances: Sequence[str] = (),
) -> list[bytes]:
    """Return ``count`` whole HTTP requests, each with an event of its own; every tenth about one of ``instances``."""
    cipher = CallbackCipher(aes_key)
    made: list[bytes] = []
    for message in _messages(count, corp_id=corp_id, instances=instances):
        timestamp, nonce = str(int(time.time() * 1000)), secrets.token_hex(4)
        encrypt = cipher.seal(message, owner_key=app_key)
        signature = sign(token=token, timestamp=timestamp, nonce=nonce, encrypt=encrypt)
        query = urlencode({"msg_signature": signature, "timestamp": timestamp, "nonce": nonce})
        body = json.dumps({"encrypt": encrypt}).encode()
        head = (
            f"POST /callbacks/dingtalk?{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        made.append(head.encode() + body)
    return made


def _messages(count: int, *, corp_id: str, instances: Sequence[str]) -> Iterator[str]:
    """Yield finish events of a template that is not the portal's, so that the worker sorts each of them once."""
    for number in range(count):
        is_known = bool(instances) and number % EVERY_NTH_KNOWN == 0
        instance_id = instances[number // EVERY_NTH_KNOWN % len(instances)] if is_known else _nobody_knows()
        yield json.dumps(
            {
                "EventType": "bpms_instance_change",
                "eventId": secrets.token_hex(16),
                "processInstanceId": instance_id,
                "processCode": "PROC-00000000-0000-0000-0000-000000000000",
                "corpId": corp_id,
                "businessId": "202611221200000000001",
                "title": "Bob Li 李博's Quick BI Permission Request",
                "staffId": "bob",
                "type": "finish",
                "result": "agree",
                "createTime": 1795348800000,
                "finishTime": 1795348860000,
                "url": f"https://aflow.dingtalk.com/dingtalk/mobile/homepage.htm?procInstId={instance_id}",
            },
            ensure_ascii=False,
        )


def _nobody_knows() -> str:
    return secrets.token_urlsafe(16)
