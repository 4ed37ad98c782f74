"""Whatever is sent, the answer is one of DingTalk's: never a stumble, never a traceback."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .caller import LEVEL, TEXT, Caller

ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(10**20), max_value=10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["bob", "chen", "AND", "NONE", "TextField", "agree"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
TABLE = {
    "componentType": "TableField",
    "props": {"componentId": "TableField-1", "label": "Rows"},
    "children": [TEXT],
}


def bodies(code: str, caller: Caller) -> dict[str, dict[str, Any]]:
    start = caller.start_body(code)
    task = 87_654_321_002
    return {
        "workflow/forms": {
            "name": "N",
            "description": "d",
            "processCode": code,
            "formComponents": [LEVEL, TABLE],
        },
        "workflow/processes/forecast": {
            "processCode": code,
            "deptId": 1,
            "userId": "bob",
            "formComponentValues": [],
        },
        "workflow/processInstances": start,
        "workflow/processInstances#approvers": {
            **start,
            "approvers": [{"actionType": "AND", "userIds": ["chen", "iris"]}],
            "ccList": ["dora"],
        },
        "workflow/processInstances/terminate": {
            "processInstanceId": "x",
            "isSystem": False,
            "operatingUserId": "bob",
            "remark": "",
        },
        "workflow/processInstances/execute": {
            "processInstanceId": "x",
            "taskId": task,
            "actionerUserId": "chen",
            "result": "agree",
        },
        "workflow/processInstances/comments": {
            "processInstanceId": "x",
            "text": "t",
            "commentUserId": "bob",
        },
        "workflow/tasks/redirect": {"taskId": task, "toUserId": "iris", "operateUserId": "chen"},
        "workflow/processes/instanceIds/query": {
            "processCode": code,
            "startTime": 0,
            "endTime": 1,
            "nextToken": 0,
            "maxResults": 20,
            "userIds": ["bob"],
            "statuses": ["RUNNING"],
        },
        "workflow/premium/processes/schemas/batchQuery": {"processCodes": [code]},
        "workflow/premium/tasks/append": {
            "taskId": task,
            "processInstanceId": "x",
            "operateUserId": "chen",
            "appenderUserIds": ["iris"],
            "activateType": "ALL",
            "type": "before",
        },
        "workflow/premium/tasks/revert": {
            "taskId": task,
            "processInstanceId": "x",
            "operateUserId": "chen",
            "targetActivityId": "sid-startevent",
            "revertAction": "REVERT_FOR_APPROVAL",
        },
        "contact/users/search": {"queryWord": "a", "offset": 0, "size": 10, "fullMatchField": 1},
        "oauth2/accessToken": {"appKey": "a", "appSecret": "b"},
        "oauth2/userAccessToken": {
            "clientId": caller.config.app_key,
            "clientSecret": caller.config.app_secret,
            "code": "x",
            "refreshToken": "x",
            "grantType": "authorization_code",
        },
    }


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside a body where something odd can stand."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    below = [place for key, each in inner for place in places(each, (*path, key))]
    return ([path] if path else []) + below


def with_odd(body: dict[str, Any], place: tuple[Any, ...], odd: Any) -> dict[str, Any]:
    changed = copy.deepcopy(body)
    target: Any = changed
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = odd
    return changed


@pytest.fixture
def unlimited(caller: Caller) -> Caller:
    switched = {"calls_per_second": 0, "monthly_quota": 0, "has_premium": True}
    caller.control("PUT", "settings", switched)
    return caller


def test_any_value_at_any_place_of_a_new_family_body_gets_an_answer(unlimited: Caller) -> None:
    code = unlimited.make_template()
    known = bodies(code, unlimited)
    choices = [(path, place) for path, body in known.items() for place in places(body)]

    @settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
    @given(choice=st.sampled_from(choices), odd=ODD)
    def check(choice: tuple[str, tuple[Any, ...]], odd: Any) -> None:
        path, place = choice
        body = with_odd(known[path], place, odd)
        answer = unlimited.new("POST", path.partition("#")[0], json=body)
        assert answer.status_code in (200, 400), (path, body, answer.text)
        assert answer.status_code == 200 or answer.json()["code"], answer.text

    check()


def test_any_value_in_an_old_family_body_gets_an_answer(unlimited: Caller) -> None:
    known = {
        "user/getbyunionid": {"unionid": "x"},
        "v2/user/get": {"userid": "bob"},
        "v2/user/getuserinfo": {"code": "x"},
        "v2/department/listsub": {"dept_id": 1},
        "v2/department/get": {"dept_id": 1},
        "user/listid": {"dept_id": 1},
        "role/simplelist": {"role_id": 200649095, "size": 10, "offset": 0},
    }
    choices = [(path, key) for path, body in known.items() for key in body]

    @settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
    @given(choice=st.sampled_from(choices), odd=ODD)
    def check(choice: tuple[str, str], odd: Any) -> None:
        path, key = choice
        answer = unlimited.old(path, {**known[path], key: odd})
        assert "errcode" in answer, (path, key, odd, answer)

    check()


def test_any_value_in_a_control_body_is_taken_or_refused_with_a_reason(unlimited: Caller) -> None:
    code = unlimited.make_template()
    instance = unlimited.start(code)
    node = {
        "rule": "specified_members",
        "people": ["kate"],
        "mode": "any",
        "name": "n",
        "multi": True,
        "roles": [1],
        "level": 1,
        "field": "f",
        "when": {"Level": ["edit"]},
        "decision": "manual",
        "if_nobody": "pass",
    }
    act = {"person": "x", "action": "agree", "to": "y", "mode": "all", "activity_id": "", "instead_of": "z"}
    known: dict[tuple[str, str], dict[str, Any]] = {
        ("PUT", "settings"): {"retry_delays_seconds": [10], "monthly_quota": 0, "default_flow": "empty"},
        ("PUT", "permissions"): {"Workflow.Form.Write": True},
        ("PUT", "subscription"): {"url": "http://127.0.0.1:9/", "aes_key": "a" * 43, "token": "tok"},
        ("POST", "faults"): {"fault": "lost_event", "operation": "*", "count": 1, "seconds": 1, "part": ""},
        ("POST", f"instances/{instance}/actions"): act,
        ("PATCH", "people/kate"): {"active": True, "manager_userid": None, "department_ids": [1]},
        ("PATCH", f"templates/{code}"): {"status": "PUBLISHED", "visible_to": None},
        ("PUT", f"templates/{code}/flow"): {"nodes": [node]},
        ("POST", "templates"): {"name": "n", "description": "d", "components": [TEXT]},
        ("PUT", f"templates/{code}/form"): {"name": "n", "components": [LEVEL, TABLE]},
        ("POST", f"templates/{code}/copy"): {"name": "n"},
        ("POST", "sign-in"): {"person": "bob"},
    }
    choices = [(name, place) for name, body in known.items() for place in places(body)]

    @settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
    @given(choice=st.sampled_from(choices), odd=ODD)
    def check(choice: tuple[tuple[str, str], tuple[Any, ...]], odd: Any) -> None:
        (method, path), place = choice
        answer = unlimited.control(method, path, with_odd(known[method, path], place, odd))
        assert answer.get("code") != "systemError", (method, path, place, odd)
        unlimited.control("DELETE", "faults")
        assert "app" in unlimited.control("GET", "state")

    check()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'"text"', b"[" * 5000])
def test_a_body_that_is_no_json_object_is_refused(unlimited: Caller, body: bytes) -> None:
    headers = {"x-acs-dingtalk-access-token": unlimited.token, "Content-Type": "application/json"}
    url = f"{unlimited.url}/v1.0/workflow/processInstances"
    answer = unlimited.http.post(url, data=body, headers=headers)
    assert (answer.status_code, bool(answer.json()["code"])) == (400, True)
