"""Tokens in the wrong place, missing permissions, limits and unknown paths answer as DingTalk does."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from .caller import Caller

FORMS = "/v1.0/workflow/processes/managements/templates?userId=alice"


def get(caller: Caller, path: str, **given: Any) -> requests.Response:
    return caller.http.get(f"{caller.url}{path}", **given)


def test_asking_again_gives_the_same_token_to_both_families(caller: Caller) -> None:
    query = {"appkey": caller.config.app_key, "appsecret": caller.config.app_secret}
    answer = get(caller, "/gettoken", params=query).json()
    assert (answer["errcode"], answer["access_token"]) == (0, caller.token)


def test_wrong_credentials_are_refused_in_each_familys_words(caller: Caller) -> None:
    body = {"appKey": caller.config.app_key, "appSecret": "no"}
    new = caller.http.post(f"{caller.url}/v1.0/oauth2/accessToken", json=body)
    assert (new.status_code, new.json()["code"]) == (400, "invalidClientIdOrSecret")
    query = {"appkey": caller.config.app_key, "appsecret": "no"}
    assert get(caller, "/gettoken", params=query).json()["errcode"] == 40096
    assert get(caller, "/gettoken").json()["errcode"] == 40035


@pytest.mark.parametrize(
    "given",
    [{}, {"headers": {"Authorization": "Bearer x"}}, {"params": {"access_token": "x"}}],
)
def test_the_new_family_takes_the_token_in_its_header_only(caller: Caller, given: dict[str, Any]) -> None:
    answer = get(caller, FORMS, **given)
    assert (answer.status_code, answer.json()["code"]) == (400, "AuthenticationFailed.MissingParameter")


def test_an_invalid_token_is_http_400_in_the_new_family(caller: Caller) -> None:
    answer = get(caller, FORMS, headers={"x-acs-dingtalk-access-token": "made-up"})
    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidAuthentication")


def test_the_old_family_wraps_token_errors_in_88_with_a_text_sub_code(caller: Caller) -> None:
    url = f"{caller.url}/topapi/v2/user/get"
    header = {"x-acs-dingtalk-access-token": caller.token}
    misplaced = caller.http.post(url, json={"userid": "bob"}, headers=header)
    invalid = caller.http.post(url, json={"userid": "bob"}, params={"access_token": "made-up"})
    assert (misplaced.status_code, invalid.status_code) == (200, 200)
    assert (misplaced.json()["errcode"], misplaced.json()["sub_code"]) == (88, "40000")
    assert (invalid.json()["errcode"], invalid.json()["sub_code"]) == (88, "40014")


def test_a_missing_permission_names_itself_and_the_link(caller: Caller) -> None:
    caller.control("PUT", "permissions", {"Workflow.Form.Read": False})
    answer = caller.new("GET", "workflow/processes/managements/templates", params={"userId": "alice"})
    body = answer.json()
    assert answer.status_code == 403
    assert body["code"] == "Forbidden.AccessDenied.AccessTokenPermissionDenied"
    assert body["accessdenieddetail"] == {"requiredScopes": ["Workflow.Form.Read"]}
    assert f"{caller.config.app_key}%23Workflow.Form.Read" in body["message"]


def test_a_missing_permission_can_speak_as_the_help_page(caller: Caller) -> None:
    caller.control("PUT", "settings", {"permission_text": "help_page"})
    caller.control("PUT", "permissions", {"Workflow.Form.Write": False, "qyapi_get_member": False})
    answer = caller.new("POST", "workflow/forms", json={})
    assert (answer.status_code, answer.json()["message"]) == (403, "No permission to call this API.")
    old = caller.old("v2/user/get", {"userid": "bob"})
    assert (old["errcode"], old["sub_code"]) == (88, "60011")


def test_the_monthly_quota_stops_metered_calls_only(caller: Caller) -> None:
    caller.make_template()
    caller.control("PUT", "settings", {"monthly_quota": 1})
    answer = caller.new("GET", "workflow/processes/managements/templates", params={"userId": "alice"})
    assert answer.json()["code"] == "Forbidden.AccessDenied.ApiCountLimitForOrg"
    assert caller.old("v2/user/get", {"userid": "bob"})["errcode"] == 0
    calls = caller.control("GET", "calls")["calls"]
    assert calls["saveForm"] == {"ok": 1}
    assert calls["listManageableTemplates"] == {"Forbidden.AccessDenied.ApiCountLimitForOrg": 1}


def test_calls_that_come_too_fast_are_throttled(caller: Caller) -> None:
    caller.control("PUT", "settings", {"calls_per_second": 2})
    answers = [caller.new("POST", "contact/users/search", json={}).json()["code"] for _ in "1234"]
    assert answers[2:] == ["Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"] * 2


def test_unknown_paths_answer_200_with_an_error(caller: Caller) -> None:
    new, old = get(caller, "/v1.0/workflow/nothing"), get(caller, "/topapi/nothing")
    assert (new.status_code, new.json()["errcode"]) == (200, 404)
    assert (old.status_code, old.json()["errcode"]) == (200, 22)


def test_the_control_api_wants_its_header(caller: Caller) -> None:
    assert get(caller, "/control/state").status_code == 403
    assert "app-secret" not in str(caller.control("GET", "state"))


def test_a_code_of_the_sign_in_page_works_once(caller: Caller) -> None:
    tokens = caller.sign_in("bob")
    assert tokens["corpId"] == caller.config.corp_id
    code = caller.control("POST", "sign-in", {"person": "bob"})["authCode"]
    body = {
        "clientId": caller.config.app_key,
        "clientSecret": caller.config.app_secret,
        "code": code,
        "grantType": "authorization_code",
    }
    url = f"{caller.url}/v1.0/oauth2/userAccessToken"
    first, second = (caller.http.post(url, json=body) for _ in "12")
    assert (first.status_code, second.status_code) == (200, 400)
    refresh = {**body, "grantType": "refresh_token", "refreshToken": first.json()["refreshToken"]}
    assert caller.http.post(url, json=refresh).json()["accessToken"]


def test_strangers_are_recognisable(caller: Caller) -> None:
    people = {each["userid"]: each for each in caller.control("GET", "people")["people"]}
    assert caller.sign_in("olga")["corpId"] != caller.config.corp_id
    assert caller.old("user/getbyunionid", {"unionid": people["olga"]["union_id"]})["errcode"] == 60121
    victor = caller.old("user/getbyunionid", {"unionid": people["victor"]["union_id"]})
    assert victor["result"]["contact_type"] == 1
    assert caller.old("user/getbyunionid", {"unionid": people["frank"]["union_id"]})["errcode"] == 60121


def test_the_sign_in_page_returns_to_known_addresses_only(caller: Caller) -> None:
    query = {
        "client_id": caller.config.app_key,
        "response_type": "code",
        "scope": "openid",
        "prompt": "consent",
        "redirect_uri": "https://portal.example/back",
    }
    assert get(caller, "/oauth2/auth", params=query).status_code == 400
    caller.control("PUT", "settings", {"redirect_urls": ["https://portal.example/back"]})
    page = get(caller, "/oauth2/auth", params=query)
    assert page.status_code == 200
    assert "form-action 'self' https://portal.example" in page.headers["Content-Security-Policy"]
    wrong = get(caller, "/oauth2/auth", params={**query, "client_id": "<script>"})
    assert wrong.status_code == 400
    assert "<script>" not in wrong.text.split("</head>")[1]


def test_people_are_described_as_the_contacts_do(caller: Caller) -> None:
    bob = caller.old("v2/user/get", {"userid": "bob"})["result"]
    assert (bob["manager_userid"], bob["dept_id_list"]) == ("chen", [100000002])
    assert "manager_userid" not in caller.old("v2/user/get", {"userid": "eve"})["result"]
    assert len(caller.old("v2/user/get", {"userid": "grace"})["result"]["dept_id_list"]) == 2
    assert caller.old("v2/user/get", {"userid": "frank"})["errcode"] == 60121
    assert caller.old("v2/user/get", {"userid": "nobody"})["errcode"] == 33012
    below = caller.old("v2/department/listsub", {"dept_id": 1})["result"]
    assert 100000002 in [department["dept_id"] for department in below]
    listed = caller.old("user/listid", {"dept_id": 100000002})["result"]["userid_list"]
    assert listed == ["bob", "chen", "grace"]
    head = caller.old("v2/department/get", {"dept_id": 100000002})["result"]
    assert head["dept_manager_userid_list"] == ["chen"]
    role = caller.old("role/simplelist", {"role_id": 200649095, "size": 1, "offset": 0})["result"]
    assert (role["hasMore"], role["list"][0]["userid"]) == (True, "dora")


def test_people_and_departments_outside_the_contact_scope_are_not_told(caller: Caller) -> None:
    caller.control("PUT", "settings", {"outside_contact_scope": ["chen", "100000003"]})
    assert caller.old("v2/user/get", {"userid": "chen"})["errcode"] == 50002
    assert caller.old("v2/user/get", {"userid": "dora"})["errcode"] == 50002
    assert caller.old("v2/user/get", {"userid": "grace"})["errcode"] == 0, "also in another department"
    assert caller.old("v2/department/get", {"dept_id": 100000003})["errcode"] == 50004
    listed = caller.old("user/listid", {"dept_id": 100000002})["result"]["userid_list"]
    assert "chen" not in listed
    role = caller.old("role/simplelist", {"role_id": 200649095, "size": 10, "offset": 0})["result"]
    assert role["list"] == []


def test_a_department_names_its_heads(caller: Caller) -> None:
    found = caller.old("v2/department/get", {"dept_id": 100000002})["result"]
    assert (found["dept_manager_userid_list"], found["parent_id"]) == (["chen"], 1)
