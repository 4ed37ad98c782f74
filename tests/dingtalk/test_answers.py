"""Failures in every dress: bodies seen in the wild, errors inside HTTP 200, answers that are none."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug import Response

from portal.dingtalk.client import DingTalkClient
from portal.dingtalk.failures import DingTalkError, FailureClass, Retry
from portal.dingtalk.instances import FieldValue, StartInstance
from tests.dingtalk.scripted import ScriptedDingTalk

INSTANCES = "/v1.0/workflow/processInstances"
USER = "/topapi/v2/user/get"
APPLY = "https://open-dev.dingtalk.com/appscope/apply?content=dingappkey%23Workflow.Instance.Write"
WANTED = f"应用尚未开通所需的权限：[Workflow.Instance.Write]，点击链接申请并开通即可：{APPLY}"
START = StartInstance(
    process_code="PROC-1", originator_user_id="bob", department_id=7, values=[FieldValue("a", "b")]
)


@pytest.fixture
def start_failure(dingtalk: ScriptedDingTalk, client: DingTalkClient) -> Any:
    def fail(body: Any, *, status: int = 400) -> DingTalkError:
        dingtalk.answer(INSTANCES, body, status=status)
        with pytest.raises(DingTalkError) as caught:
            client.instances.start(START)
        return caught.value

    return fail


@pytest.fixture
def user_failure(dingtalk: ScriptedDingTalk, client: DingTalkClient) -> Any:
    def fail(body: Any, *, status: int = 200) -> DingTalkError:
        dingtalk.answer(USER, body, status=status)
        with pytest.raises(DingTalkError) as caught:
            client.directory.user("bob")
        return caught.value

    return fail


def test_a_missing_permission_names_scopes_and_the_link(start_failure: Any) -> None:
    error = start_failure(
        {
            "code": "Forbidden.AccessDenied.AccessTokenPermissionDenied",
            "message": WANTED,
            "requestid": "B1C2",
            "accessdenieddetail": {"requiredScopes": ["Workflow.Instance.Write"]},
        },
        status=403,
    )
    assert error.failure is FailureClass.PERMISSION_MISSING
    assert error.required_scopes == ("Workflow.Instance.Write",)
    assert error.apply_url == APPLY
    assert str(error) == (
        "DingTalk API call failed[startProcessInstance], "
        f"[Forbidden.AccessDenied.AccessTokenPermissionDenied - code: 403, {WANTED}]"
    )


def test_keys_of_a_failure_are_read_in_any_spelling(start_failure: Any) -> None:
    error = start_failure(
        {
            "Code": "Forbidden.AccessDenied.AccessTokenPermissionDenied",
            "Message": "No permission to call this API.",
            "RequestId": "B1C2",
            "AccessDeniedDetail": {"RequiredScopes": ["Workflow.Form.Read", "Workflow.Form.Write"]},
        },
        status=403,
    )
    assert error.message == "No permission to call this API."
    assert (error.request_id, error.apply_url) == ("B1C2", None)
    assert error.required_scopes == ("Workflow.Form.Read", "Workflow.Form.Write")


def test_scopes_may_stand_only_in_the_text(start_failure: Any) -> None:
    body = {"code": "Forbidden.AccessDenied.AccessTokenPermissionDenied", "message": WANTED}
    assert start_failure(body, status=403).required_scopes == ("Workflow.Instance.Write",)


def test_the_old_family_names_scopes_and_link_in_its_sub_message(user_failure: Any) -> None:
    scope = "qyapi_get_department_list"
    link = f"https://open-dev.dingtalk.com/appscope/apply?content=dingappkey%23{scope}"
    told = f"应用尚未开通所需的权限：[{scope}]，点击链接申请并开通即可：{link}"
    error = user_failure(
        {
            "errcode": 88,
            "sub_code": "60011",
            "sub_msg": told,
            "errmsg": f"ding talk error[subcode=60011,submsg={told}, {{requiredScopes=[{scope}]}}]",
            "request_id": "15r3h8rz2bc5s",
        }
    )
    assert (error.code, error.failure) == ("60011", FailureClass.PERMISSION_MISSING)
    assert (error.required_scopes, error.apply_url) == ((scope,), link)
    assert (error.request_id, error.message, error.http_status) == ("15r3h8rz2bc5s", told, 200)


def test_a_link_that_is_no_web_address_is_not_passed_on(start_failure: Any) -> None:
    body = {"code": "needAuth", "message": "javascript://x/appscope/apply?content=1"}
    assert start_failure(body).apply_url is None


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        ({"errcode": 404, "errmsg": "请求的URI地址不存在"}, FailureClass.ADDRESS_WRONG),
        ({"code": "processInstanceStartFailed", "message": "x"}, FailureClass.SERVER_TROUBLE),
        ({"code": "sysErrror", "message": "创建审批实例系统异常"}, FailureClass.SERVER_TROUBLE),
        ({"success": False, "message": "no"}, FailureClass.UNEXPECTED),
        ({"success": "false"}, FailureClass.UNEXPECTED),
        ({}, FailureClass.UNEXPECTED),
        ({"instanceId": ""}, FailureClass.UNEXPECTED),
        ({"instanceId": None}, FailureClass.UNEXPECTED),
        ({"result": {"instanceId": "EC8G"}}, FailureClass.UNEXPECTED),
        ({"status": 1111, "wait": 5, "source": "x5", "punish": "deny", "uuid": "u"}, FailureClass.THROTTLED),
    ],
    ids=str,
)
def test_http_200_without_an_instance_id_has_not_started_anything_for_sure(
    start_failure: Any, body: dict[str, Any], failure: FailureClass
) -> None:
    assert start_failure(body, status=200).failure is failure


@pytest.mark.parametrize(
    "answer",
    [
        Response("", status=200),
        Response("success", status=200),
        Response("[]", status=200, content_type="application/json"),
        Response("null", status=200, content_type="application/json"),
        Response('{"instanceId": "EC8', status=200, content_type="application/json"),
        Response(b"\xff\xfe\x00", status=200, content_type="application/json"),
        Response("[" * 100_000, status=200, content_type="application/json"),
        Response("<html>maintenance</html>", status=200, content_type="text/html"),
    ],
    ids=lambda answer: repr(answer.get_data()[:24]),
)
def test_an_answer_that_is_no_json_object_is_outcome_unknown(start_failure: Any, answer: Response) -> None:
    error = start_failure(answer)
    assert (error.code, error.failure) == ("unreadableAnswer", FailureClass.UNEXPECTED)
    assert error.retry is Retry.OUTCOME_UNKNOWN


def test_a_page_of_a_broken_gateway_is_server_trouble(start_failure: Any) -> None:
    error = start_failure(Response("<html>504</html>", status=504, content_type="text/html"))
    assert (error.failure, error.retry) == (FailureClass.SERVER_TROUBLE, Retry.OUTCOME_UNKNOWN)


@pytest.mark.parametrize(
    ("code", "failure", "retry"),
    [
        ("Forbidden.AccessDenied.QpsLimitForAppkeyAndApi", FailureClass.THROTTLED, Retry.RETRYABLE),
        ("Forbidden.AccessDenied.ApiCountLimitForOrg", FailureClass.QUOTA_EXHAUSTED, Retry.RETRYABLE),
        ("Forbidden.AccessDenied.IpNotInWhiteList", FailureClass.IP_NOT_ALLOWED, Retry.PERMANENT),
    ],
)
def test_one_status_is_told_apart_by_its_code(
    start_failure: Any, code: str, failure: FailureClass, retry: Retry
) -> None:
    error = start_failure({"code": code, "message": "x"}, status=403)
    assert (error.failure, error.retry) == (failure, retry)


def test_a_message_without_end_is_cut(start_failure: Any) -> None:
    assert len(start_failure({"code": "internalError", "message": "长" * 100_000}).message) == 1000


def test_a_failure_without_words_still_reads_as_a_sentence(start_failure: Any) -> None:
    assert str(start_failure({"code": "needAuth"})).endswith(
        "[needAuth - code: 400, The answer holds no message.]"
    )


@pytest.mark.parametrize(
    ("body", "code", "failure"),
    [
        ({"errcode": 88, "sub_code": "", "errmsg": "time-out"}, "88", FailureClass.SERVER_TROUBLE),
        ({"errcode": "50002", "errmsg": "x"}, "50002", FailureClass.OUTSIDE_CONTACT_SCOPE),
        (
            {"errcode": 22, "sub_msg": "不合法ApiName", "errmsg": "Invalid method"},
            "22",
            FailureClass.ADDRESS_WRONG,
        ),
        ({"errcode": -1, "errmsg": "系统繁忙"}, "-1", FailureClass.SERVER_TROUBLE),
        ({"errcode": 0, "errmsg": "ok"}, "incompleteAnswer", FailureClass.UNEXPECTED),
        ({"result": {"userid": "bob"}}, "unreadableAnswer", FailureClass.UNEXPECTED),
    ],
    ids=str,
)
def test_the_old_family_fails_inside_http_200(
    user_failure: Any, body: dict[str, Any], code: str, failure: FailureClass
) -> None:
    error = user_failure(body)
    assert (error.code, error.failure, error.http_status) == (code, failure, 200)
    assert error.retry is not Retry.OUTCOME_UNKNOWN
