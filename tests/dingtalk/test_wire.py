"""What happens below the answers: time-outs, resets, refused connections, and what gets written down of it."""

from __future__ import annotations

import logging
import socket
import ssl
import subprocess
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from werkzeug import Response

from portal.dingtalk.client import CallRecord, DingTalkClient
from portal.dingtalk.failures import DingTalkError, FailureClass, Retry
from portal.dingtalk.instances import FieldValue, StartInstance
from portal.dingtalk.tokens import AppToken, TokenCache
from tests.dingtalk import raw_server as raw
from tests.dingtalk.conftest import APP_SECRET
from tests.dingtalk.scripted import TOKEN_PATH, ScriptedDingTalk

TOKEN = "t0ken-that-must-not-show"
INSTANCES = "/v1.0/workflow/processInstances"
USER = "/topapi/v2/user/get"
START = StartInstance(
    process_code="PROC-1", originator_user_id="bob", department_id=7, values=[FieldValue("a", "b")]
)


@pytest.fixture
def tokens() -> TokenCache:
    """A cache that already holds a token, so that a server need not give one."""
    cache = TokenCache()
    cache.token(app_key="dingappkey", fetch=lambda: AppToken(text=TOKEN, lifetime_seconds=7200))
    return cache


@pytest.fixture
def impatient(
    make_client: Callable[..., DingTalkClient], tokens: TokenCache
) -> Callable[[str], DingTalkClient]:
    def make(url: str) -> DingTalkClient:
        return make_client(url, tokens=tokens, connect_timeout_seconds=0.2, read_timeout_seconds=1)

    return make


def failure_of(call: Callable[[], object]) -> DingTalkError:
    with pytest.raises(DingTalkError) as caught:
        call()
    return caught.value


MISBEHAVIOUR = [raw.reset, raw.hang_up, raw.stay_silent, raw.stop_in_the_middle]


@pytest.mark.parametrize("behaviour", MISBEHAVIOUR, ids=lambda behaviour: behaviour.__name__)
def test_a_start_that_went_out_unanswered_is_outcome_unknown_and_sent_once(
    impatient: Callable[[str], DingTalkClient], behaviour: Callable[[socket.socket], None]
) -> None:
    with raw.raw_server(behaviour) as server:
        error = failure_of(lambda: impatient(server.url).instances.start(START))
    assert (error.failure, error.retry) == (FailureClass.NO_ANSWER, Retry.OUTCOME_UNKNOWN)
    assert (error.code, error.http_status) == ("noAnswer", 0)
    assert len(server.requests) == 1


@pytest.mark.parametrize("behaviour", MISBEHAVIOUR, ids=lambda behaviour: behaviour.__name__)
def test_a_read_that_went_out_unanswered_is_retryable_but_not_repeated_here(
    impatient: Callable[[str], DingTalkClient], behaviour: Callable[[socket.socket], None]
) -> None:
    with raw.raw_server(behaviour) as server:
        error = failure_of(lambda: impatient(server.url).instances.read("EC8G"))
    assert (error.failure, error.retry) == (FailureClass.NO_ANSWER, Retry.RETRYABLE)
    assert len(server.requests) == 1


def test_a_time_out_after_commit_is_outcome_unknown(
    dingtalk: ScriptedDingTalk, make_client: Callable[..., DingTalkClient]
) -> None:
    is_made = threading.Event()

    def commit_then_dawdle() -> dict[str, str]:
        is_made.set()
        time.sleep(0.6)
        return {"instanceId": "EC8G"}

    dingtalk.answer(INSTANCES, commit_then_dawdle)
    client = make_client(dingtalk.url, read_timeout_seconds=0.2)
    error = failure_of(lambda: client.instances.start(START))
    assert error.retry is Retry.OUTCOME_UNKNOWN
    assert is_made.wait(30)


def test_a_start_that_nobody_listened_to_was_not_sent(impatient: Callable[[str], DingTalkClient]) -> None:
    with raw.closed_port() as url:
        error = failure_of(lambda: impatient(url).instances.start(START))
    assert (error.failure, error.retry) == (FailureClass.UNREACHABLE, Retry.RETRYABLE)
    assert (error.code, error.http_status) == ("connectionFailed", 0)


def test_a_connect_that_times_out_was_not_sent(impatient: Callable[[str], DingTalkClient]) -> None:
    with raw.full_backlog() as url:
        error = failure_of(lambda: impatient(url).instances.start(START))
    assert (error.failure, error.retry) == (FailureClass.UNREACHABLE, Retry.RETRYABLE)


@pytest.mark.parametrize(
    "url",
    ["http://no-such-host.invalid", "no scheme", "ftp://127.0.0.1", "http://", "http://127.0.0.1:99999"],
)
def test_an_address_that_leads_nowhere_is_unreachable(
    impatient: Callable[[str], DingTalkClient], url: str
) -> None:
    error = failure_of(lambda: impatient(url).instances.start(START))
    assert (error.failure, error.retry) == (FailureClass.UNREACHABLE, Retry.RETRYABLE)


def test_a_proxy_that_is_not_there_is_unreachable(
    impatient: Callable[[str], DingTalkClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    with raw.closed_port() as url:
        monkeypatch.setenv("HTTPS_PROXY", url)
        monkeypatch.setenv("HTTP_PROXY", url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        for address in ("https://api.dingtalk.invalid", "http://api.dingtalk.invalid"):
            error = failure_of(lambda address=address: impatient(address).instances.start(START))
            assert error.failure is FailureClass.UNREACHABLE


def test_a_loopback_address_is_not_asked_through_a_proxy(
    dingtalk: ScriptedDingTalk, client: DingTalkClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    dingtalk.answer(INSTANCES, {"instanceId": "EC8G"})
    with raw.closed_port() as url:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, url)
        assert client.instances.start(START) == "EC8G"


def test_a_connection_that_was_closed_while_idle_is_replaced_without_doubt(
    impatient: Callable[[str], DingTalkClient],
) -> None:
    with raw.raw_server(raw.answer_and_close) as server:
        client = impatient(server.url)
        assert client.instances.start(START) == "EC8G"
        time.sleep(0.1)
        assert client.instances.start(START) == "EC8G"
    assert len(server.requests) == 2


def test_a_missing_ca_bundle_is_unreachable_and_no_crash(
    impatient: Callable[[str], DingTalkClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    with raw.closed_port() as url:
        error = failure_of(lambda: impatient(url.replace("http:", "https:")).instances.start(START))
    assert error.failure is FailureClass.UNREACHABLE


def test_a_certificate_nobody_vouches_for_is_unreachable_and_gets_no_secret(
    impatient: Callable[[str], DingTalkClient], tmp_path: Path
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-subj", "/CN=localhost", "-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    heard: list[bytes] = []

    def handshake(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            heard.append(secured.recv(100))

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _address = listener.accept()
            with connection:
                try:
                    handshake(connection)
                except (ssl.SSLError, OSError):
                    return

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        error = failure_of(lambda: impatient(url).instances.start(START))
        thread.join(5)
    assert (error.failure, error.retry) == (FailureClass.UNREACHABLE, Retry.RETRYABLE)
    assert heard == []


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(dingtalk: ScriptedDingTalk, client: DingTalkClient, status: int) -> None:
    dingtalk.answer(INSTANCES, Response("", status=status, headers={"Location": f"{dingtalk.url}/elsewhere"}))
    error = failure_of(lambda: client.instances.start(START))
    assert (error.http_status, error.retry) == (status, Retry.OUTCOME_UNKNOWN)
    assert dingtalk.requests_to("/elsewhere") == []


def test_nothing_written_down_or_raised_holds_a_secret(
    dingtalk: ScriptedDingTalk,
    make_client: Callable[..., DingTalkClient],
    tokens: TokenCache,
    caplog: pytest.LogCaptureFixture,
    records: list[CallRecord],
) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[str] = []
    echo = f"the token {TOKEN} of {APP_SECRET} at https://x/appscope/apply?content={APP_SECRET}"
    with capture_logs() as lines, raw.raw_server(raw.stay_silent) as silent, raw.closed_port() as closed:
        dingtalk.answer(USER, {"errcode": 88, "sub_code": "60011", "sub_msg": echo})
        dingtalk.answer(INSTANCES, {"code": f"bad {TOKEN}", "message": echo, "requestid": "r"}, status=400)
        dingtalk.answer(TOKEN_PATH, {"code": "x", "message": f"for {APP_SECRET}"}, status=400)
        urls = [dingtalk.url, silent.url, closed]
        clients = [
            make_client(url, tokens=tokens, connect_timeout_seconds=0.2, read_timeout_seconds=0.3)
            for url in urls
        ]
        calls = [make_client(dingtalk.url).fetch_token]
        for one in clients:
            calls += [partial(one.directory.user, "bob"), partial(one.instances.start, START)]
        for call in calls:
            error = failure_of(call)
            assert error.__context__ is None
            told += [*traceback.format_exception(error), repr(vars(error))]
    # The server of this test logs the addresses that it is asked for.
    told += [record.getMessage() for record in caplog.records if record.name != "werkzeug"]
    told += [repr(lines), repr(records)]
    told += [repr(clients[0].__dict__), repr(clients[0]._transport.credentials)]
    everything = "\n".join(told)
    assert "access_token=***" in everything
    assert TOKEN not in everything
    assert APP_SECRET not in everything


def test_every_exchange_is_recorded_and_logged(
    dingtalk: ScriptedDingTalk, client: DingTalkClient, records: list[CallRecord]
) -> None:
    dingtalk.answer(
        INSTANCES, {"code": "needAuth", "message": "没有发起审批的权限", "requestid": "B1C2"}, status=400
    )
    with capture_logs() as lines:
        error = failure_of(lambda: client.instances.start(START))
    assert error.request_id == "B1C2"
    token_call, start_call = records
    assert (token_call.operation, token_call.ok, token_call.http_status) == ("accessToken", True, 200)
    assert (start_call.operation, start_call.ok, start_call.code) == (
        "startProcessInstance",
        False,
        "needAuth",
    )
    assert (start_call.http_status, start_call.request_id) == (400, "B1C2")
    assert 0 < start_call.milliseconds < 5000
    assert [line["event"] for line in lines] == ["dingtalk_call", "dingtalk_call"]
    assert set(lines[1]) >= {"operation", "http_status", "code", "request_id", "milliseconds"}


def test_the_request_id_may_come_in_the_gateways_header(
    dingtalk: ScriptedDingTalk, client: DingTalkClient
) -> None:
    dingtalk.answer(
        INSTANCES, Response("<html>busy</html>", status=502, headers={"x-acs-request-id": "gw-1"})
    )
    error = failure_of(lambda: client.instances.start(START))
    assert (error.request_id, error.failure) == ("gw-1", FailureClass.SERVER_TROUBLE)


def test_a_listener_that_fails_does_not_cost_the_instance_id(
    dingtalk: ScriptedDingTalk, make_client: Callable[..., DingTalkClient]
) -> None:
    def fail(_record: CallRecord) -> None:
        raise RuntimeError("no room for metrics")

    dingtalk.answer(INSTANCES, {"instanceId": "EC8G"})
    with capture_logs() as lines:
        assert make_client(dingtalk.url, on_call=fail).instances.start(START) == "EC8G"
    assert "dingtalk_call_listener_failed" in [line["event"] for line in lines]


def test_many_threads_share_a_client(dingtalk: ScriptedDingTalk, client: DingTalkClient) -> None:
    dingtalk.answer(INSTANCES, {"instanceId": "EC8G"})
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _n: client.instances.start(START), range(64)))
    assert made == ["EC8G"] * 64
    assert len(dingtalk.requests_to(INSTANCES)) == 64
