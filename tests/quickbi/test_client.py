"""The client of Quick BI through the official SDK: what it reads, what its failures say, and what they never say."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Iterator

import pytest

from portal.quickbi.client import QuickBI
from portal.quickbi.failures import FailureClass, QuickBIError, Retry, classify, retry_of
from portal.quickbi.sdk import AccessKey, Endpoint
from portal.sandbox.cast import union_id_of
from portal.sandbox.quickbi.organisation import user_id_of
from tests.grants.quickbi_world import QuickBIWorld

SECRET = "a-secret-that-must-not-leak"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuickBIWorld]:
    world = QuickBIWorld(tmp_path_factory.mktemp("quickbi"))
    yield world
    world.close()


@pytest.fixture
def world(shared: QuickBIWorld) -> QuickBIWorld:
    shared.control("POST", "/reset", {})
    return shared


def test_it_reads_the_catalogue_in_plain_values(world: QuickBIWorld) -> None:
    client = world.client()
    workspaces = {each.workspace_id: each for each in client.list_workspaces()}
    assert workspaces["ws-sales"].allows_sharing
    works = {each.work_id: each for each in client.list_works()}
    assert works["sales-overview"].work_type == "PAGE"
    assert works["sales-overview"].owner_id == user_id_of("chen")
    assert "orders" in {each.dataset_id for each in client.list_datasets("ws-data-platform")}
    administrators = client.list_workspace_members("ws-sales", role_id=25)
    assert [each.user_id for each in administrators] == [user_id_of("chen")]
    assert {each.user_type for each in client.list_users()} == {1, 2, 3}
    assert {each.menu_id for each in client.list_portal_menus("executive-portal")} == {
        *("menu-quarter", "menu-plan", "menu-news")
    }


def test_pages_of_the_vendor_are_read_to_the_end(
    world: QuickBIWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.quickbi.client.LARGEST_PAGE", 2)
    assert len(world.client().list_users()) == 9


def test_a_person_is_found_by_their_dingtalk_account_or_not_at_all(world: QuickBIWorld) -> None:
    client = world.client()
    assert client.user_by_dingtalk_union_id(union_id_of("bob")) == user_id_of("bob")
    assert client.user_by_dingtalk_union_id(union_id_of("eve")) is None


@pytest.mark.parametrize(
    ("key_id", "secret", "code"),
    [
        ("LTAIunknown000000000", None, "InvalidAccessKeyId.NotFound"),
        (None, SECRET, "SignatureDoesNotMatch"),
    ],
)
def test_a_wrong_key_is_told_without_the_key(
    world: QuickBIWorld, key_id: str | None, secret: str | None, code: str
) -> None:
    with pytest.raises(QuickBIError) as caught:
        world.client(key_id=key_id, secret=secret).list_users()
    error = caught.value
    assert (error.code, error.failure, error.retry) == (code, FailureClass.CREDENTIALS_WRONG, Retry.PERMANENT)
    assert_tells_no_secret(error)


def assert_tells_no_secret(error: QuickBIError) -> None:
    told = f"{error!r} {error} {vars(error)}"
    assert SECRET not in told
    assert "Signature=" not in told
    assert error.__suppress_context__, "the library's own exception carries the whole request"


def test_nothing_sent_may_be_repeated_and_an_answer_that_never_came_may_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        client = _client(port, timeout_seconds=0.5)
        with pytest.raises(QuickBIError) as unanswered:
            client.delete_authorization("dashboard", "x", user_id="y")
    with pytest.raises(QuickBIError) as unsent:
        client.delete_authorization("dashboard", "x", user_id="y")
    assert (unanswered.value.failure, unanswered.value.retry) == (
        FailureClass.NO_ANSWER,
        Retry.OUTCOME_UNKNOWN,
    )
    assert (unsent.value.failure, unsent.value.retry) == (FailureClass.UNREACHABLE, Retry.RETRYABLE)
    assert_tells_no_secret(unanswered.value)


@pytest.mark.parametrize(
    ("answer", "code", "failure"),
    [
        (b"<html>blocked</html>", "unreadableAnswer", FailureClass.UNEXPECTED),
        (json.dumps({"RequestId": "R", "Success": False}).encode(), "notSuccessful", FailureClass.UNEXPECTED),
        (b"", "unreadableAnswer", FailureClass.UNEXPECTED),
    ],
)
def test_an_answer_that_says_no_success_is_none(answer: bytes, code: str, failure: FailureClass) -> None:
    with _answering(answer) as port, pytest.raises(QuickBIError) as caught:
        _client(port).list_auth_config("dashboard", "x")
    assert (caught.value.code, caught.value.failure) == (code, failure)


def test_without_its_library_the_remedy_is_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in sys.modules if each.startswith("alibabacloud_quickbi")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "alibabacloud_quickbi_public20220101", None)
    with pytest.raises(QuickBIError) as caught:
        _client(9)
    assert caught.value.failure == FailureClass.SDK_MISSING


@pytest.mark.parametrize(
    ("code", "status", "is_write", "failure", "retry"),
    [
        ("Internal.System.Error", 400, False, FailureClass.SERVER_TROUBLE, Retry.RETRYABLE),
        ("Internal.System.Error", 400, True, FailureClass.SERVER_TROUBLE, Retry.OUTCOME_UNKNOWN),
        ("Throttling.User", 400, True, FailureClass.THROTTLED, Retry.RETRYABLE),
        ("Throttling.Something.New", 400, True, FailureClass.THROTTLED, Retry.RETRYABLE),
        ("Access.Forbidden", 400, True, FailureClass.CALLER_NOT_ALLOWED, Retry.PERMANENT),
        ("Work.Not.Exist", 400, True, FailureClass.RESOURCE_GONE, Retry.PERMANENT),
        ("DeletePermission.Else.Error", 400, True, FailureClass.INHERITED_OTHERWISE, Retry.PERMANENT),
        ("Nobody.Knows", 400, True, FailureClass.UNEXPECTED, Retry.PERMANENT),
        ("Nobody.Knows", 502, True, FailureClass.SERVER_TROUBLE, Retry.OUTCOME_UNKNOWN),
    ],
)
def test_a_code_says_what_it_is_and_whether_to_try_again(
    code: str, status: int, is_write: bool, failure: FailureClass, retry: Retry
) -> None:
    assert classify(code=code, http_status=status) == failure
    assert retry_of(failure, code=code, is_write=is_write) == retry


def _client(port: int, *, timeout_seconds: float = 5) -> QuickBI:
    return QuickBI(
        endpoint=Endpoint(host=f"127.0.0.1:{port}", protocol="http"),
        key=AccessKey(key_id="LTAIsomebody", secret=SECRET),
        timeout_seconds=timeout_seconds,
    )


class _answering:  # noqa: N801  reads as a word of the test
    """A server that answers one call with these bytes."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._server = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> int:
        self._thread.start()
        return int(self._server.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._thread.join(10)
        self._server.close()

    def _serve(self) -> None:
        connection, _ = self._server.accept()
        with connection:
            connection.recv(65536)
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(self._body)}\r\nConnection: close\r\n\r\n"
            connection.sendall(head.encode() + self._body)
