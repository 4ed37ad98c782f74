"""The app token: one fetch for many threads, renewed in time, replaced once when refused."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from portal.dingtalk.client import CallRecord, DingTalkClient
from portal.dingtalk.failures import DingTalkError, FailureClass, Retry
from portal.dingtalk.instances import FieldValue, StartInstance
from portal.dingtalk.tokens import AppToken, TokenCache
from tests.dingtalk.scripted import TOKEN_PATH, ScriptedDingTalk

NAMES = "/v1.0/workflow/processCentres/schemaNames/processCodes"
INSTANCES = "/v1.0/workflow/processInstances"
USER = "/topapi/v2/user/get"
FOUND = {"result": {"processCode": "PROC-1"}}
REFUSED = {"code": "InvalidAuthentication", "message": "不合法的access_token", "requestid": "r-1"}


def wrapped(sub_code: str) -> dict[str, object]:
    return {
        "errcode": 88,
        "sub_code": sub_code,
        "sub_msg": "不合法的access_token",
        "errmsg": "ding talk error",
    }


def start() -> StartInstance:
    return StartInstance(
        process_code="PROC-1", originator_user_id="bob", department_id=7, values=[FieldValue("a", "b")]
    )


def test_sixteen_threads_fetch_one_token(dingtalk: ScriptedDingTalk, client: DingTalkClient) -> None:
    dingtalk.answer(TOKEN_PATH, lambda: (time.sleep(0.1), {"accessToken": "slow", "expireIn": 7200})[1])
    dingtalk.answer(NAMES, FOUND)
    ready = threading.Barrier(16)

    def call(_number: int) -> str | None:
        ready.wait()
        return client.forms.find_process_code("Access")

    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(call, range(16))) == ["PROC-1"] * 16
    assert len(dingtalk.requests_to(TOKEN_PATH)) == 1
    assert {seen.headers["x-acs-dingtalk-access-token"] for seen in dingtalk.requests_to(NAMES)} == {"slow"}


def test_sixteen_threads_whose_token_is_refused_fetch_one_new_token(
    dingtalk: ScriptedDingTalk, make_client: Callable[..., DingTalkClient]
) -> None:
    tokens = TokenCache()
    tokens.token(app_key="dingappkey", fetch=lambda: AppToken(text="stale", lifetime_seconds=7200))
    client = make_client(dingtalk.url, tokens=tokens)
    together = threading.Barrier(16)
    turn = threading.Lock()
    refusals = [0]

    def refuse_the_stale_one() -> dict[str, object]:
        with turn:
            refusals[0] += 1
            is_stale = refusals[0] <= 16
        if is_stale:
            together.wait(timeout=30)
            return wrapped("42001")
        return {"errcode": 0, "result": {"userid": "bob"}}

    dingtalk.answer(USER, refuse_the_stale_one)
    with ThreadPoolExecutor(16) as threads:
        people = list(threads.map(client.directory.user, ["bob"] * 16))
    assert all(person is not None and person.user_id == "bob" for person in people)
    assert dingtalk.tokens_given == 1


def test_the_token_is_fetched_with_the_credentials_and_used_in_both_families(
    dingtalk: ScriptedDingTalk, client: DingTalkClient
) -> None:
    dingtalk.answer(NAMES, FOUND)
    dingtalk.answer(USER, {"errcode": 0, "result": {"userid": "bob"}})
    client.forms.find_process_code("Access")
    client.directory.user("bob")
    (fetched,) = dingtalk.requests_to(TOKEN_PATH)
    assert fetched.body == {"appKey": "dingappkey", "appSecret": "s3cret-of-the-app"}
    assert dingtalk.requests_to(NAMES)[0].headers["x-acs-dingtalk-access-token"] == "token-1"
    assert "access_token" not in dingtalk.requests_to(NAMES)[0].query
    assert dingtalk.requests_to(USER)[0].query == {"access_token": "token-1"}
    assert "x-acs-dingtalk-access-token" not in dingtalk.requests_to(USER)[0].headers


def test_a_token_is_renewed_after_four_fifths_of_its_life() -> None:
    now = [1000.0]
    tokens = TokenCache(clock=lambda: now[0])
    given = iter(["first", "second"])

    def token() -> str:
        return tokens.token(app_key="k", fetch=lambda: AppToken(text=next(given), lifetime_seconds=100))

    assert token() == "first"
    now[0] += 79
    assert token() == "first"
    now[0] += 1
    assert token() == "second"


def test_tokens_of_different_apps_do_not_mix_or_wait_for_each_other() -> None:
    tokens = TokenCache()
    is_inside = threading.Event()
    go_on = threading.Event()

    def slow() -> AppToken:
        is_inside.set()
        assert go_on.wait(30)
        return AppToken(text="slow", lifetime_seconds=100)

    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(tokens.token, app_key="slow", fetch=slow)
        assert is_inside.wait(30)
        other = tokens.token(app_key="other", fetch=lambda: AppToken(text="other", lifetime_seconds=100))
        go_on.set()
        assert (other, waiting.result(5)) == ("other", "slow")


def test_a_failed_fetch_is_not_remembered() -> None:
    tokens = TokenCache()

    def fail() -> AppToken:
        raise DingTalkError(
            operation="accessToken",
            code="noAnswer",
            http_status=0,
            message="",
            failure=FailureClass.NO_ANSWER,
            retry=Retry.RETRYABLE,
        )

    with pytest.raises(DingTalkError):
        tokens.token(app_key="k", fetch=fail)
    assert tokens.token(app_key="k", fetch=lambda: AppToken(text="t", lifetime_seconds=9)) == "t"


def test_a_late_refusal_does_not_throw_away_a_newer_token() -> None:
    tokens = TokenCache()
    tokens.token(app_key="k", fetch=lambda: AppToken(text="new", lifetime_seconds=100))
    tokens.drop(app_key="k", refused="old")
    assert tokens.token(app_key="k", fetch=lambda: AppToken(text="newer", lifetime_seconds=9)) == "new"


@pytest.mark.parametrize("status", [400, 401])
def test_a_start_refused_for_its_token_is_repeated_once_with_a_fresh_one(
    dingtalk: ScriptedDingTalk, client: DingTalkClient, status: int, records: list[CallRecord]
) -> None:
    dingtalk.answer(INSTANCES, REFUSED, status=status)
    dingtalk.answer(INSTANCES, {"instanceId": "EC8G"})
    assert client.instances.start(start()) == "EC8G"
    used = [seen.headers["x-acs-dingtalk-access-token"] for seen in dingtalk.requests_to(INSTANCES)]
    assert used == ["token-1", "token-2"]
    assert [record.ok for record in records] == [True, False, True, True]


def test_a_refusal_that_a_broken_gateway_reports_does_not_start_a_second_instance(
    dingtalk: ScriptedDingTalk, client: DingTalkClient
) -> None:
    dingtalk.answer(INSTANCES, REFUSED, status=502)
    with pytest.raises(DingTalkError) as caught:
        client.instances.start(start())
    assert caught.value.retry is Retry.OUTCOME_UNKNOWN
    assert len(dingtalk.requests_to(INSTANCES)) == 1


def test_a_token_refused_twice_is_an_error_and_not_a_loop(
    dingtalk: ScriptedDingTalk, client: DingTalkClient
) -> None:
    dingtalk.answer(INSTANCES, REFUSED, status=400)
    with pytest.raises(DingTalkError) as caught:
        client.instances.start(start())
    assert caught.value.failure is FailureClass.TOKEN_REFUSED
    assert caught.value.retry is Retry.RETRYABLE
    assert len(dingtalk.requests_to(INSTANCES)) == 2


@pytest.mark.parametrize(
    "refusal",
    [
        wrapped("40014"),
        wrapped("42001"),
        wrapped("40001"),
        {"errcode": 40014},
        {"errcode": 42001},
        {"errcode": 40001},
    ],
    ids=str,
)
def test_the_old_family_is_repeated_once_with_a_fresh_token(
    dingtalk: ScriptedDingTalk, client: DingTalkClient, refusal: dict[str, object]
) -> None:
    dingtalk.answer(USER, refusal)
    dingtalk.answer(USER, {"errcode": 0, "result": {"userid": "bob"}})
    assert client.directory.user("bob") is not None
    assert [seen.query["access_token"] for seen in dingtalk.requests_to(USER)] == ["token-1", "token-2"]


def test_errcode_88_about_a_permission_is_not_taken_for_a_token(
    dingtalk: ScriptedDingTalk, client: DingTalkClient
) -> None:
    dingtalk.answer(USER, wrapped("60011"))
    with pytest.raises(DingTalkError) as caught:
        client.directory.user("bob")
    assert caught.value.failure is FailureClass.PERMISSION_MISSING
    assert (len(dingtalk.requests_to(USER)), dingtalk.tokens_given) == (1, 1)


def test_check_again_fetches_a_fresh_token(dingtalk: ScriptedDingTalk, client: DingTalkClient) -> None:
    client.fetch_token()
    client.fetch_token()
    assert dingtalk.tokens_given == 1
    client.forget_token()
    client.fetch_token()
    assert dingtalk.tokens_given == 2


def test_wrong_credentials_are_said_to_be_wrong(dingtalk: ScriptedDingTalk, client: DingTalkClient) -> None:
    body = {
        "code": "invalidClientIdOrSecret",
        "message": "无效的clientId或者clientSecret",
        "requestid": "r-9",
    }
    dingtalk.answer(TOKEN_PATH, body, status=400)
    with pytest.raises(DingTalkError) as caught:
        client.instances.start(start())
    assert caught.value.operation == "accessToken"
    assert caught.value.failure is FailureClass.CREDENTIALS_WRONG
    assert caught.value.retry is Retry.PERMANENT
    assert dingtalk.requests_to(INSTANCES) == []


def test_a_start_whose_token_fetch_times_out_was_not_sent(
    dingtalk: ScriptedDingTalk, make_client: Callable[..., DingTalkClient]
) -> None:
    dingtalk.answer(TOKEN_PATH, lambda: (time.sleep(0.5), {"accessToken": "late"})[1])
    with pytest.raises(DingTalkError) as caught:
        make_client(dingtalk.url, read_timeout_seconds=0.1).instances.start(start())
    assert caught.value.retry is Retry.RETRYABLE
    assert dingtalk.requests_to(INSTANCES) == []


def test_no_token_or_secret_shows_in_a_repr() -> None:
    assert "t0ken" not in repr(AppToken(text="t0ken", lifetime_seconds=1))
