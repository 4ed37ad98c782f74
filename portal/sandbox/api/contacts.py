"""People, departments and roles in the old family, the search in the new one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from portal.sandbox.api.errors import ApiError, refused, refused_old, request_id
from portal.sandbox.api.gate import Call
from portal.sandbox.shapes import as_number, is_number
from portal.sandbox.tables import AuthCode, Department, Person, Relation, Role

EXTERNAL, EMPLOYEE = 1, 0
LARGEST_PAGE = 100


def by_union_id(call: Call) -> dict[str, Any]:
    """``contact_type`` 1 is an external contact; 60121 is somebody of another organisation or gone."""
    union_id = call.body.get("unionid")
    if not union_id:
        raise refused_old(400002, "缺少参数 unionid")
    person = call.session.scalar(select(Person).where(Person.union_id == str(union_id)))
    if person is None or person.relation == Relation.OTHER_ORGANISATION or not person.is_active:
        raise _not_found()
    kind = EXTERNAL if person.relation == Relation.EXTERNAL_CONTACT else EMPLOYEE
    return _ok({"contact_type": kind, "userid": person.userid})


def user_get(call: Call) -> dict[str, Any]:
    """User detail; ``manager_userid`` only where it is filled in, empty fields left out."""
    person = _member(call)
    result: dict[str, Any] = {
        "userid": person.userid,
        "unionid": person.union_id,
        "name": person.name,
        "title": person.title,
        "dept_id_list": person.department_ids,
        "dept_order_list": [{"dept_id": number, "order": 1} for number in person.department_ids],
        "leader_in_dept": [
            {"dept_id": number, "leader": number in person.leads_department_ids}
            for number in person.department_ids
        ],
        "role_list": [
            {"id": role.id, "name": role.name, "group_name": role.group_name}
            for role in call.session.scalars(select(Role))
            if person.userid in role.members
        ],
        "active": True,
        "real_authed": True,
        "senior": False,
        "admin": person.is_admin,
        "boss": False,
        "hide_mobile": False,
        "exclusive_account": False,
    }
    if person.manager_userid:
        result["manager_userid"] = person.manager_userid
    return _ok(result)


def user_info(call: Call) -> dict[str, Any]:
    """Sign-in inside DingTalk: a code that lives five minutes, used once."""
    code = call.session.get(AuthCode, str(call.body.get("code") or ""))
    if code is None or code.expires_at <= call.now:
        raise refused_old(40078, "不存在的临时授权码")
    call.session.delete(code)
    person = call.session.get_one(Person, code.userid)
    result = {
        "userid": person.userid,
        "unionid": person.union_id,
        "associated_unionid": person.union_id,
        "name": person.name,
        "device_id": "sandbox",
        "sys": person.is_admin,
        "sys_level": 1 if person.is_admin else 0,
    }
    return _ok(result)


def departments_below(call: Call) -> dict[str, Any]:
    """Direct children; the root is 1."""
    parent = _department(call, default=1)
    children = call.session.scalars(select(Department).where(Department.parent_id == parent.id))
    return _ok(
        [{"dept_id": child.id, "name": child.name, "parent_id": child.parent_id} for child in children]
    )


def department_get(call: Call) -> dict[str, Any]:
    """One department with its managers."""
    department = _department(call)
    leaders = [person.userid for person in _staff(call) if department.id in person.leads_department_ids]
    result: dict[str, Any] = {
        "dept_id": department.id,
        "name": department.name,
        "dept_manager_userid_list": leaders,
        "auto_add_user": False,
        "create_dept_group": False,
        "hide_dept": False,
        "order": 1,
    }
    if department.parent_id is not None:
        result["parent_id"] = department.parent_id
    return _ok(result)


def department_users(call: Call) -> dict[str, Any]:
    """Userids of the direct members."""
    department = _department(call)
    members = [person.userid for person in _staff(call) if department.id in person.department_ids]
    return _ok({"userid_list": members})


def role_members(call: Call) -> dict[str, Any]:
    """A page of a role's members."""
    role = call.session.get(Role, _integer(call.body.get("role_id")))
    if role is None:
        raise refused_old(60103, "角色不存在")
    start = _integer(call.body.get("offset", 0))
    size = min(_integer(call.body.get("size", 20)), LARGEST_PAGE)
    people = [person for person in _staff(call) if person.userid in role.members]
    page = people[start : start + size]
    listed = [{"userid": person.userid, "name": person.name} for person in page]
    return _ok({"hasMore": start + size < len(people), "list": listed})


def search(call: Call) -> dict[str, Any]:
    """Userids of the people whose name contains the word (equals it with ``fullMatchField`` 1)."""
    body = call.body
    word, start, size = body.get("queryWord"), body.get("offset"), body.get("size")
    if not isinstance(word, str) or not word:
        raise refused("parameter.error", "参数错误")
    if not is_number(start, lowest=0) or not is_number(size, lowest=1):
        raise refused("parameter.error", "参数错误")
    exactly = body.get("fullMatchField") == 1
    found = [
        person.userid
        for person in _staff(call)
        if (word in person.name.split() if exactly else word.casefold() in person.name.casefold())
        or word == person.name
    ]
    page = found[start : start + min(size, LARGEST_PAGE)]
    return {"hasMore": start + len(page) < len(found), "totalCount": len(found), "list": page}


def _staff(call: Call) -> list[Person]:
    working = select(Person).where(Person.is_active, Person.relation == Relation.STAFF)
    people = call.session.scalars(working.order_by(Person.position))
    return [person for person in people if _is_in_scope(call, person)]


def _is_in_scope(call: Call, person: Person) -> bool:
    hidden = set(call.settings.outside_contact_scope)
    own = {str(number) for number in person.department_ids}
    return person.userid not in hidden and not (own and own <= hidden)


def _member(call: Call) -> Person:
    userid = call.body.get("userid")
    if not userid:
        raise refused_old(400002, "缺少参数 userid")
    person = call.session.get(Person, str(userid))
    if person is None:
        raise refused_old(33012, "无效的USERID")
    if person.relation != Relation.STAFF or not person.is_active:
        raise _not_found()
    if not _is_in_scope(call, person):
        raise refused_old(50002, "请求的员工userid不在授权范围内")
    return person


def _department(call: Call, *, default: int | None = None) -> Department:
    department = call.session.get(Department, _integer(call.body.get("dept_id", default)))
    if department is None:
        raise refused_old(60003, "部门不存在")
    if str(department.id) in call.settings.outside_contact_scope:
        raise refused_old(50004, "请求的部门id不在授权范围内")
    return department


def _integer(value: Any) -> int:
    # The old family takes form bodies too, where every number is a text.
    number = as_number(value)
    if not is_number(number, lowest=0):
        raise refused_old(400002, "参数错误")
    return number


def _not_found() -> ApiError:
    return refused_old(60121, "找不到该用户")


def _ok(result: Any) -> dict[str, Any]:
    return {"errcode": 0, "errmsg": "ok", "result": result, "request_id": request_id()}
