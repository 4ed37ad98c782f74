"""Calls the callback as DingTalk does, or not quite."""

from __future__ import annotations

import json
import secrets
from typing import Any

import requests
from dingtalk.crypto import DingTalkCrypto

from portal.dingtalk.callback_crypto import CallbackCipher, sign
from portal.extensions import db
from portal.models import CallbackEvent, CallbackTally
from portal.models.base import Base
from tests.portal_world import AES_KEY, APP_KEY, CORP_ID, TOKEN, World

TIMESTAMP, NONCE = "1763800000000", "a1b2c3"


def event(**changes: Any) -> dict[str, Any]:
    """An event of an instance that nobody knows."""
    return {
        "EventType": "bpms_instance_change",
        "eventId": secrets.token_hex(8),
        "CorpId": CORP_ID,
        "processInstanceId": "unknown-instance",
        "processCode": "PROC-UNKNOWN",
        "type": "start",
        **changes,
    }


def seal(message: Any, *, owner_key: str = APP_KEY, aes_key: str = AES_KEY) -> str:
    text = message if isinstance(message, str) else json.dumps(message, ensure_ascii=False)
    return CallbackCipher(aes_key).seal(text, owner_key=owner_key)


def query_for(encrypt: str, *, token: str = TOKEN, name: str = "msg_signature") -> dict[str, str]:
    signature = sign(token=token, timestamp=TIMESTAMP, nonce=NONCE, encrypt=encrypt)
    return {name: signature, "timestamp": TIMESTAMP, "nonce": NONCE}


def post(world: World, *, query: dict[str, str], body: bytes) -> requests.Response:
    return requests.post(f"{world.portal_url}/callbacks/dingtalk", params=query, data=body, timeout=15)


def post_sealed(world: World, encrypt: str, **signing: str) -> requests.Response:
    body = json.dumps({"encrypt": encrypt}).encode()
    return post(world, query=query_for(encrypt, **signing), body=body)


def post_event(world: World, message: Any, **sealing: str) -> requests.Response:
    return post_sealed(world, seal(message, **sealing))


def opened(answer: requests.Response, *, owner_key: str = APP_KEY) -> str:
    """Decrypt an answer with somebody else's implementation."""
    reply = answer.json()
    crypto = DingTalkCrypto(TOKEN, AES_KEY, owner_key)
    return str(
        crypto.decrypt_message(
            json.dumps({"encrypt": reply["encrypt"]}),
            reply["msg_signature"],
            reply["timeStamp"],
            reply["nonce"],
        )
    )


def stored(world: World) -> list[CallbackEvent]:
    return list(world.look(lambda: db.session.query(CallbackEvent).all()))


def tallies(world: World) -> dict[str, CallbackTally]:
    return {row.reason: row for row in world.look(lambda: db.session.query(CallbackTally).all())}


def everything_but_tallies(world: World) -> dict[str, list[Any]]:
    """Return all rows of all tables, to prove that nothing changed."""
    tables = [table for table in Base.metadata.sorted_tables if table.name != CallbackTally.__tablename__]
    return world.look(  # type: ignore[no-any-return]
        lambda: {table.name: list(db.session.execute(table.select()).tuples()) for table in tables}
    )
