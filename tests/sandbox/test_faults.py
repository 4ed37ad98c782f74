"""Faults set by name hit the calls they are meant for, and those after the commit have done their work."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from .caller import Caller


def start(caller: Caller, code: str, *, seconds: float = 5.0) -> requests.Response:
    body = caller.start_body(code)
    return caller.new("POST", "workflow/processInstances", json=body, timeout=seconds)


def set_fault(caller: Caller, name: str, operation: str = "startProcessInstance", **more: Any) -> None:
    answer = caller.control("POST", "faults", {"fault": name, "operation": operation, **more})
    assert "error" not in answer


def instances(caller: Caller) -> int:
    return len(caller.control("GET", "instances")["instances"])


@pytest.fixture
def code(caller: Caller) -> str:
    return caller.make_template()


@pytest.mark.parametrize(("name", "made"), [("time_out_after_commit", 1), ("time_out_before", 0)])
def test_a_time_out_leaves_the_caller_without_an_answer(
    caller: Caller, code: str, name: str, made: int
) -> None:
    set_fault(caller, name, seconds=1.5)
    with pytest.raises(requests.exceptions.ReadTimeout):
        start(caller, code, seconds=0.7)
    assert instances(caller) == made
    assert start(caller, code).status_code == 200


@pytest.mark.parametrize(("name", "made"), [("reset_after_commit", 1), ("reset_before", 0)])
def test_a_reset_cuts_the_connection(caller: Caller, code: str, name: str, made: int) -> None:
    set_fault(caller, name)
    with pytest.raises(requests.exceptions.ConnectionError, match="reset"):
        start(caller, code)
    assert instances(caller) == made


@pytest.mark.parametrize(
    ("name", "status", "expected", "made"),
    [
        ("http_500_before", 500, "systemError", 0),
        ("http_500_after_commit", 500, "systemError", 1),
        ("throttle_qps", 403, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi", 0),
        ("throttle_429", 429, "systemBusy", 0),
        ("quota_exhausted", 403, "Forbidden.AccessDenied.ApiCountLimitForOrg", 0),
        ("permission_missing", 403, "Forbidden.AccessDenied.AccessTokenPermissionDenied", 0),
        ("invalid_token_once", 400, "InvalidAuthentication", 0),
        ("system_error_200_without_instance_id", 200, "sysErrror", 1),
    ],
)
def test_an_error_answer_and_what_was_done_behind_it(
    caller: Caller, code: str, name: str, status: int, expected: str, made: int
) -> None:
    set_fault(caller, name)
    answer = start(caller, code)
    assert (answer.status_code, answer.json()["code"]) == (status, expected)
    assert instances(caller) == made


@pytest.mark.parametrize(
    ("name", "part", "status", "expected", "made"),
    [
        ("code_before", "400 needAuth", 400, "needAuth", 0),
        ("code_after_commit", "504 processInstanceStartFailed", 504, "processInstanceStartFailed", 1),
        ("code_after_commit", "200 -", 200, None, 1),
    ],
)
def test_an_answer_can_be_chosen(
    caller: Caller, code: str, name: str, part: str, status: int, expected: str | None, made: int
) -> None:
    set_fault(caller, name, part=part)
    answer = start(caller, code)
    assert (answer.status_code, answer.json().get("code")) == (status, expected)
    assert "instanceId" not in answer.json()
    assert instances(caller) == made


def test_a_page_instead_of_json(caller: Caller, code: str) -> None:
    set_fault(caller, "html_body")
    answer = start(caller, code)
    assert answer.headers["Content-Type"].startswith("text/html")


def test_a_new_instance_may_not_be_readable_yet(caller: Caller, code: str) -> None:
    set_fault(caller, "not_yet_readable", "getProcessInstance")
    query = {"processInstanceId": start(caller, code).json()["instanceId"]}
    answers = [caller.new("GET", "workflow/processInstances", params=query) for _ in "12"]
    assert [answer.status_code for answer in answers] == [400, 200]
    assert answers[0].json()["code"] == "processInstanceNotExist"


def test_a_fault_hits_its_operation_only_and_as_often_as_told(caller: Caller, code: str) -> None:
    set_fault(caller, "throttle_429", count=2)
    caller.forecast(code)
    statuses = [start(caller, code).status_code for _ in "123"]
    assert statuses == [429, 429, 200]
    assert caller.control("GET", "faults")["faults"] == []


def test_a_forecast_can_be_without_success(caller: Caller, code: str) -> None:
    set_fault(caller, "forecast_unsuccessful", "forecast")
    assert caller.forecast(code)["isForecastSuccess"] is False


def test_faults_that_make_no_sense_are_refused_with_the_choices(caller: Caller) -> None:
    assert "time_out_before" in caller.control("POST", "faults", {"fault": "typo"})["error"]
    wrong = {"fault": "html_body", "operation": "typo"}
    assert "startProcessInstance" in caller.control("POST", "faults", wrong)["error"]
    chosen = {"fault": "code_before", "part": "sometimes"}
    assert "400 needAuth" in caller.control("POST", "faults", chosen)["error"]
    assert "default_flow" in caller.control("PUT", "settings", {"typo": 1})["error"]
