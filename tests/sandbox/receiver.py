"""A subscriber that decrypts with a third party's implementation and answers as DingTalk asks."""

from __future__ import annotations

import json
from typing import Any

from dingtalk.crypto import DingTalkCrypto
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from portal.dingtalk.callback_crypto import CallbackCipher, sign

AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
TOKEN = "callbacktoken"


class Receiver:
    """``events`` are what arrived and could be read, in order; ``answer`` may be replaced by a test."""

    def __init__(self, *, server: HTTPServer, owner_key: str) -> None:
        self._owner_key = owner_key
        self._witness = DingTalkCrypto(TOKEN, AES_KEY, owner_key)
        self.events: list[dict[str, Any]] = []
        self.queries: list[dict[str, str]] = []
        self.unreadable = 0
        self.failures_left = 0
        self.url = server.url_for("/callback")
        server.expect_request("/callback", method="POST").respond_with_handler(self._receive)

    def _receive(self, request: Request) -> Response:
        query = request.args
        self.queries.append(query.to_dict())
        if self.failures_left:
            self.failures_left -= 1
            return Response("busy", status=503)
        signature = query.get("msg_signature") or query["signature"]
        try:
            text = self._witness.decrypt_message(request.json, signature, query["timestamp"], query["nonce"])
        except Exception:
            self.unreadable += 1
            return Response("no", status=403)
        self.events.append(text if isinstance(text, dict) else json.loads(text))
        return self.reply("success")

    def reply(self, word: str, *, owner_key: str = "") -> Response:
        encrypt = CallbackCipher(AES_KEY).seal(word, owner_key=owner_key or self._owner_key)
        signature = sign(token=TOKEN, timestamp="1700000000", nonce="n0nce", encrypt=encrypt)
        body = {"msg_signature": signature, "timeStamp": "1700000000", "nonce": "n0nce", "encrypt": encrypt}
        return Response(json.dumps(body), content_type="application/json")
