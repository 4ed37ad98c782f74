"""A flood of callbacks, good ones, the same again, out of order, corrupted, and what must become of each."""

from __future__ import annotations

import base64
import json
import random
import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from Crypto.Cipher import AES

from portal.services.events.callback_intake import LARGEST_BODY_BYTES
from tests.portal_world import AES_KEY, APP_KEY, CORP_ID, TOKEN
from tests.web.callbacks.calling import query_for, seal

DUPLICATES, OUT_OF_ORDER, CORRUPTED = 0.3, 0.2, 0.1
# One event in this many is about an instance that the portal knows.
ONE_IN_KNOWN = 20
LIFE = (
    ("bpms_instance_change", "start"),
    ("bpms_task_change", "start"),
    ("bpms_task_change", "finish"),
    ("bpms_instance_change", "finish"),
)


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One request as it goes over the wire; ``key`` names the event where it is a good one."""

    request: bytes
    status: int = 200
    reason: str = ""
    key: str = ""


@dataclass(frozen=True, kw_only=True)
class Flood:
    """Deliveries in the order in which they are sent, and each good event's message by its key."""

    deliveries: Sequence[Delivery]
    messages: Mapping[str, str]

    @property
    def refusals(self) -> Counter[str]:
        return Counter(each.reason for each in self.deliveries if each.reason)


def flood_of(count: int, *, instances: Sequence[str], seed: int) -> Flood:
    """Return ``count`` deliveries; ``instances`` are process instances that the portal knows and that still run."""
    chance = random.Random(seed)  # noqa: S311  no secret: the same flood for the same seed
    duplicates, corrupted = int(count * DUPLICATES), int(count * CORRUPTED)
    good = [_good(message) for message in _lives(count - duplicates - corrupted, instances)]
    messages = {delivery.key: message for delivery, message in good}
    deliveries = _out_of_order([delivery for delivery, _ in good], chance)
    for _ in range(duplicates):
        first = chance.randrange(len(deliveries))
        # Soon after the first, as a repeated delivery, or together with it.
        deliveries.insert(min(len(deliveries), first + chance.randint(1, 50)), deliveries[first])
    for number in range(corrupted):
        deliveries.insert(chance.randint(0, len(deliveries)), CORRUPTIONS[number % len(CORRUPTIONS)]())
    return Flood(deliveries=deliveries, messages=messages)


def _out_of_order(deliveries: Sequence[Delivery], chance: random.Random) -> list[Delivery]:
    """Let a share of them change places among each other."""
    moved = chance.sample(range(len(deliveries)), int(len(deliveries) * OUT_OF_ORDER))
    result = list(deliveries)
    for place, origin in zip(sorted(moved), moved, strict=True):
        result[place] = deliveries[origin]
    return result


def _lives(count: int, instances: Sequence[str]) -> Iterator[str]:
    for number in range(count):
        life, step = divmod(number, len(LIFE))
        is_known = bool(instances) and life % ONE_IN_KNOWN == 0
        instance_id = instances[life // ONE_IN_KNOWN % len(instances)] if is_known else f"nobody-knows-{life}"
        event_type, kind = LIFE[step]
        yield json.dumps(_event(event_type, kind, instance_id, number), ensure_ascii=False)


def _event(event_type: str, kind: str, instance_id: str, number: int) -> dict[str, Any]:
    return {
        "EventType": event_type,
        "eventId": f"flood-{number}",
        "corpId": CORP_ID,
        "processInstanceId": instance_id,
        "processCode": "PROC-OF-SOMEBODY-ELSE",
        "type": kind,
        "title": "李博提交的权限申请",
        **({"result": "agree"} if kind == "finish" else {}),
    }


def _good(message: str) -> tuple[Delivery, str]:
    key = f"id:{json.loads(message)['eventId']}"
    return Delivery(request=_request(seal(message)), key=key), message


def _request(encrypt: str, *, token: str = TOKEN, query: Mapping[str, str] | None = None) -> bytes:
    body = json.dumps({"encrypt": encrypt}).encode()
    return _http(query_for(encrypt, token=token) if query is None else query, body)


def _http(query: Mapping[str, str], body: bytes) -> bytes:
    head = (
        f"POST /callbacks/dingtalk?{urlencode(query)} HTTP/1.1\r\nHost: portal\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _a_message(**changes: str) -> dict[str, Any]:
    return {**_event(*LIFE[0], "corrupted", 0), "eventId": f"corrupted-{secrets.token_hex(8)}", **changes}


def _badly_padded() -> str:
    key = base64.b64decode(AES_KEY + "=")
    plaintext = secrets.token_bytes(16) + len(b"{}").to_bytes(4, "big") + b"{}" + APP_KEY.encode()
    plaintext = plaintext.ljust(64, b"\x00")
    return base64.b64encode(AES.new(key, AES.MODE_CBC, iv=key[:16]).encrypt(plaintext)).decode()


CORRUPTIONS: tuple[Callable[[], Delivery], ...] = (
    lambda: Delivery(request=_request(seal(_a_message()), token="another"), status=403, reason="signature"),
    lambda: Delivery(request=_request(_badly_padded()), status=400, reason="undecryptable"),
    lambda: Delivery(request=_request("###"), status=400, reason="undecryptable"),
    lambda: Delivery(
        request=_request(seal(_a_message(), owner_key="dinganotherapp")), status=400, reason="wrong_owner"
    ),
    lambda: Delivery(request=_http(query_for(""), b"encrypt=abc"), status=400, reason="not_json"),
    lambda: Delivery(
        request=_http(query_for(""), bytes(LARGEST_BODY_BYTES + 1)), status=413, reason="too_large"
    ),
    lambda: Delivery(request=_request(seal(_a_message()), query={}), status=400, reason="query_incomplete"),
    lambda: Delivery(request=_request(seal(_a_message(corpId="dingother"))), status=400, reason="wrong_corp"),
    lambda: Delivery(request=_request(seal("hello")), status=400, reason="bad_message"),
)
