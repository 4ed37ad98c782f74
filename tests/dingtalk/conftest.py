"""A scripted DingTalk and a client bound to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pytest_httpserver import HTTPServer

from portal.dingtalk.client import CallRecord, Credentials, DingTalkClient, Endpoints
from portal.dingtalk.tokens import TokenCache
from tests.dingtalk.scripted import ScriptedDingTalk

APP_SECRET = "s3cret-of-the-app"


@pytest.fixture(scope="session")
def scripted_server() -> Iterator[HTTPServer]:
    """One server for all tests: stopping one takes half a second."""
    with HTTPServer(threaded=True) as server:
        yield server


@pytest.fixture
def dingtalk(scripted_server: HTTPServer) -> Iterator[ScriptedDingTalk]:
    yield ScriptedDingTalk(scripted_server)
    scripted_server.clear()


@pytest.fixture
def records() -> list[CallRecord]:
    """What the client told of its calls."""
    return []


@pytest.fixture
def make_client(records: list[CallRecord]) -> Callable[..., DingTalkClient]:
    def make(
        api_url: str,
        *,
        oapi_url: str | None = None,
        tokens: TokenCache | None = None,
        connect_timeout_seconds: float = 1,
        read_timeout_seconds: float = 5,
        on_call: Callable[[CallRecord], None] = records.append,
        app_secret: str = APP_SECRET,
        agent_id: int | None = 1234567890,
    ) -> DingTalkClient:
        return DingTalkClient(
            endpoints=Endpoints(api_url=api_url, oapi_url=oapi_url or api_url),
            credentials=Credentials(
                corp_id="ding0123", app_key="dingappkey", app_secret=app_secret, agent_id=agent_id
            ),
            tokens=tokens,
            connect_timeout_seconds=connect_timeout_seconds,
            read_timeout_seconds=read_timeout_seconds,
            on_call=on_call,
        )

    return make


@pytest.fixture
def client(dingtalk: ScriptedDingTalk, make_client: Callable[..., DingTalkClient]) -> DingTalkClient:
    return make_client(dingtalk.url)
