"""People: booleans and numbers as text, nobody, and somebody from elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from portal.dingtalk.client import DingTalkClient
from portal.dingtalk.directory import ContactType, DirectoryPerson, approval_department
from portal.dingtalk.failures import DingTalkError, FailureClass
from tests.dingtalk.scripted import ScriptedDingTalk

USER = "/topapi/v2/user/get"
BY_UNION_ID = "/topapi/user/getbyunionid"
SEARCH = "/v1.0/contact/users/search"
MEMBERS = "/topapi/user/listid"
DEPARTMENT = "/topapi/v2/department/get"
ROLE = "/topapi/role/simplelist"
BOB: dict[str, Any] = {
    "userid": "bob",
    "unionid": "z21H",
    "name": "Bob Li 李博",
    "avatar": "https://x/bob.png",
    "title": "工程师",
    "manager_userid": "chen",
    "dept_id_list": [143412015, 1],
    "active": True,
    "admin": False,
}


def test_a_person_is_read(dingtalk: ScriptedDingTalk, client: DingTalkClient) -> None:
    dingtalk.answer(USER, {"errcode": 0, "errmsg": "ok", "result": BOB, "request_id": "4e7e"})
    assert client.directory.user("bob") == DirectoryPerson(
        user_id="bob",
        union_id="z21H",
        name="Bob Li 李博",
        department_ids=(143412015, 1),
        manager_user_id="chen",
        is_active=True,
        title="工程师",
        avatar_url="https://x/bob.png",
        is_admin=False,
    )
    (request,) = dingtalk.requests_to(USER)
    assert (request.method, request.body) == ("POST", {"userid": "bob", "language": "zh_CN"})


@pytest.mark.parametrize(
    ("active", "expected"),
    [
        ("true", True),
        ("false", False),
        ("False", False),
        (False, False),
        (None, False),
        ("", False),
        (1, True),
    ],
)
def test_a_boolean_in_words_is_understood(
    dingtalk: ScriptedDingTalk, client: DingTalkClient, active: Any, expected: bool
) -> None:
    answer = {**BOB, "active": active, "dept_id_list": ["143412015", "1", "x", None]}
    dingtalk.answer(USER, {"errcode": "0", "result": answer})
    person = client.directory.user("bob")
    assert person is not None
    assert (person.is_active, person.department_ids) == (expected, (143412015, 1))


def test_what_is_left_out_is_empty(dingtalk: ScriptedDingTalk, client: DingTalkClient) -> None:
    dingtalk.answer(USER, {"errcode": 0, "result": {"userid": "eve", "active": True}})
    person = client.directory.user("eve")
    assert person is not None
    assert (person.department_ids, person.manager_user_id, person.title) == ((), None, "")
    assert (person.avatar_url, person.is_admin) == (None, False)


@pytest.mark.parametrize("errcode", [60121, 33012, "60121"])
def test_nobody_of_that_id_is_none(dingtalk: ScriptedDingTalk, client: DingTalkClient, errcode: Any) -> None:
    dingtalk.answer(USER, {"errcode": errcode, "errmsg": "找不到该用户"})
    assert client.directory.user("nobody") is None


def test_a_person_out_of_reach_is_not_nobody(dingtalk: ScriptedDingTalk, client: DingTalkClient) -> None:
    dingtalk.answer(USER, {"errcode": 50002, "errmsg": "请求的员工userid不在授权范围内"})
    with pytest.raises(DingTalkError) as caught:
        client.directory.user("bob")
    assert caught.value.failure is FailureClass.OUTSIDE_CONTACT_SCOPE


@pytest.mark.parametrize(
    ("contact_type", "expected"),
    [
        (0, ContactType.EMPLOYEE),
        ("0", ContactType.EMPLOYEE),
        (1, ContactType.EXTERNAL),
        ("1", ContactType.EXTERNAL),
        (None, ContactType.EXTERNAL),
        (False, ContactType.EXTERNAL),
    ],
)
def test_only_a_clear_employee_is_one(
    dingtalk: ScriptedDingTalk, client: DingTalkClient, contact_type: Any, expected: ContactType
) -> None:
    dingtalk.answer(BY_UNION_ID, {"errcode": 0, "result": {"contact_type": contact_type, "userid": "bob"}})
    user_id, kind = client.directory.user_id_of("z21H")
    assert (user_id, kind) == ("bob", expected)
    assert dingtalk.requests_to(BY_UNION_ID)[0].body == {"unionid": "z21H"}


def test_a_union_id_of_another_organisation_is_told_apart(
    dingtalk: ScriptedDingTalk, client: DingTalkClient
) -> None:
    dingtalk.answer(BY_UNION_ID, {"errcode": 60121, "errmsg": "找不到该用户"})
    with pytest.raises(DingTalkError) as caught:
        client.directory.user_id_of("elsewhere")
    assert caught.value.failure is FailureClass.OTHER_ORGANISATION


def test_a_search_walks_on_until_the_limit(dingtalk: ScriptedDingTalk, client: DingTalkClient) -> None:
    dingtalk.answer(SEARCH, {"hasMore": True, "totalCount": 99, "list": [f"p{n}" for n in range(20)]})
    dingtalk.answer(
        SEARCH, {"hasMore": "true", "totalCount": 99, "list": ["q1", "q2", "q3", "q4", "q5", "q6"]}
    )
    found = client.directory.search("李", limit=25)
    assert (len(found), found[0], found[-1]) == (25, "p0", "q5")
    assert [seen.body for seen in dingtalk.requests_to(SEARCH)] == [
        {"queryWord": "李", "offset": 0, "size": 20},
        {"queryWord": "李", "offset": 20, "size": 5},
    ]


@pytest.mark.parametrize("answer", [{"hasMore": False, "list": ["bob"]}, {"list": ["bob"]}], ids=str)
def test_a_search_ends_where_there_is_no_more(
    dingtalk: ScriptedDingTalk, client: DingTalkClient, answer: Any
) -> None:
    dingtalk.answer(SEARCH, answer)
    assert client.directory.search("bob") == ("bob",)


def test_a_search_that_claims_more_but_gives_nothing_ends(
    dingtalk: ScriptedDingTalk, client: DingTalkClient
) -> None:
    dingtalk.answer(SEARCH, {"hasMore": True, "list": []})
    assert client.directory.search("bob") == ()
    assert len(dingtalk.requests_to(SEARCH)) == 1


def test_members_of_a_department_are_listed(dingtalk: ScriptedDingTalk, client: DingTalkClient) -> None:
    dingtalk.answer(MEMBERS, {"errcode": 0, "result": {"userid_list": ["bob", "chen"]}})
    assert client.directory.department_members(1) == ("bob", "chen")
    assert dingtalk.requests_to(MEMBERS)[0].body == {"dept_id": 1}


@pytest.mark.parametrize(("ids", "expected"), [((7, 8), 7), ((1, 8), -1), ((8, 1), 8), ((1,), -1), ((), -1)])
def test_an_approval_starts_from_the_first_department_and_knows_the_root_as_minus_one(
    ids: tuple[int, ...], expected: int
) -> None:
    assert approval_department(ids) == expected


def test_a_department_is_named(dingtalk: ScriptedDingTalk, client: DingTalkClient) -> None:
    dingtalk.answer(DEPARTMENT, {"errcode": 0, "result": {"dept_id": 7, "name": "Sales 销售部"}})
    assert client.directory.department_name(7) == "Sales 销售部"
    assert dingtalk.requests_to(DEPARTMENT)[0].body == {"dept_id": 7, "language": "zh_CN"}


def role_page(*user_ids: str, has_more: Any) -> dict[str, Any]:
    people = [{"userid": each, "name": each.title()} for each in user_ids]
    return {"errcode": 0, "errmsg": "ok", "result": {"hasMore": has_more, "list": people}}


def test_the_members_of_a_role_are_read_page_by_page(
    dingtalk: ScriptedDingTalk, client: DingTalkClient
) -> None:
    dingtalk.answer(ROLE, role_page("kate", "dora", has_more="true"))
    dingtalk.answer(ROLE, role_page("iris", has_more="false"))
    members = client.directory.role_members(200649095)
    assert [(each.user_id, each.name) for each in members] == [
        ("kate", "Kate"),
        ("dora", "Dora"),
        ("iris", "Iris"),
    ]
    assert [request.body for request in dingtalk.requests_to(ROLE)] == [
        {"role_id": 200649095, "size": 100, "offset": 0},
        {"role_id": 200649095, "size": 100, "offset": 2},
    ]


@pytest.mark.parametrize("result", [{}, {"list": None}, {"list": [], "hasMore": True}, {"list": ["x", 7]}])
def test_a_role_without_members_ends_at_once(
    dingtalk: ScriptedDingTalk, client: DingTalkClient, result: dict[str, Any]
) -> None:
    dingtalk.answer(ROLE, {"errcode": 0, "result": result})
    assert client.directory.role_members(7) == ()


def test_a_role_that_may_not_be_read_says_which_permission_is_missing(
    dingtalk: ScriptedDingTalk, client: DingTalkClient
) -> None:
    dingtalk.answer(ROLE, {"errcode": 60011, "errmsg": "no privilege to access/modify contact/party/agent"})
    with pytest.raises(DingTalkError) as refused:
        client.directory.role_members(7)
    assert refused.value.operation == "listRoleMembers"
