"""A DingTalk whose answers a test writes down beforehand, over real HTTP."""

from __future__ import annotations

import json
import re
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

TOKEN_PATH = "/v1.0/oauth2/accessToken"
Answer = Response | dict[str, Any]


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


class ScriptedDingTalk:
    """Gives out token-1, token-2 … and, for every other path, the answers queued for it; the last one stays."""

    def __init__(self, server: HTTPServer) -> None:
        self.url = server.url_for("").rstrip("/")
        self.seen: list[Seen] = []
        self.tokens_given = 0
        self._guard = threading.Lock()
        self._answers: dict[str, list[Callable[[], Answer]]] = defaultdict(list)
        server.expect_request(re.compile("/.*")).respond_with_handler(self._handle)

    def answer(self, path: str, body: Answer | Callable[[], Answer], *, status: int = 200) -> None:
        """Queue an answer: an object to send as JSON, a ready response, or a function that makes one."""
        if callable(body) and not isinstance(body, Response):
            self._answers[path].append(body)
        elif isinstance(body, Response):
            raw, kind = body.get_data(), body.content_type
            headers = dict(body.headers)
            code = body.status_code
            self._answers[path].append(lambda: Response(raw, status=code, content_type=kind, headers=headers))
        else:
            text = json.dumps(body, ensure_ascii=False)
            self._answers[path].append(
                lambda: Response(text, status=status, content_type="application/json; charset=utf-8")
            )

    def requests_to(self, path: str) -> list[Seen]:
        """Return what arrived at a path, in order."""
        return [request for request in self.seen if request.path == path]

    def _handle(self, request: Request) -> Response:
        body = json.loads(request.get_data()) if request.get_data() else None
        headers = {name.casefold(): value for name, value in request.headers}
        with self._guard:
            self.seen.append(Seen(request.method, request.path, dict(request.args), headers, body))
            queue = self._answers[request.path]
            if not queue and request.path == TOKEN_PATH:
                self.tokens_given += 1
                return self._json({"accessToken": f"token-{self.tokens_given}", "expireIn": 7200})
            make = queue.pop(0) if len(queue) > 1 else queue[0] if queue else None
        if make is None:
            return Response(f"nothing scripted for {request.path}", status=599)
        made = make()
        return made if isinstance(made, Response) else self._json(made)

    @staticmethod
    def _json(body: dict[str, Any]) -> Response:
        return Response(json.dumps(body), content_type="application/json")
