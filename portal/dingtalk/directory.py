"""People and departments of the organisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from portal.dingtalk.failures import DingTalkError, FailureClass
from portal.dingtalk.loose_json import (
    Json,
    mapping,
    mappings,
    optional_text,
    sequence,
    text,
    truth,
    web_address,
    whole_number,
)
from portal.dingtalk.operations import Operation
from portal.dingtalk.transport import Call, Transport

CONTACTS_ROOT_DEPARTMENT = 1
APPROVAL_ROOT_DEPARTMENT = -1
EMPLOYEE_CONTACT_TYPE = 0
SEARCH_PAGE_SIZE = 20
ROLE_PAGE_SIZE = 100
MOST_ROLE_MEMBERS = 1000


class ContactType(StrEnum):
    """Who stands behind a union id; only employees may sign in."""

    EMPLOYEE = "employee"
    EXTERNAL = "external"


class UnionMatch(NamedTuple):
    """The person that a union id leads to."""

    user_id: str
    contact_type: ContactType


class RoleMember(NamedTuple):
    """Somebody who holds a role."""

    user_id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class DirectoryPerson:
    """A person as the directory has them; ``manager_user_id`` only where a direct supervisor is filled in."""

    user_id: str
    union_id: str
    name: str
    department_ids: tuple[int, ...]
    manager_user_id: str | None
    is_active: bool
    title: str
    avatar_url: str | None
    is_admin: bool


@dataclass(frozen=True, kw_only=True)
class Department:
    """A department with those who head it; the root has no ``parent_id``."""

    name: str
    parent_id: int | None
    head_user_ids: tuple[str, ...]


def approval_department(department_ids: Sequence[int]) -> int:
    """Return the department to start an approval from: the first one, or the root for somebody without any.

    The root is 1 among contacts and -1 in approval calls.
    """
    first = department_ids[0] if department_ids else CONTACTS_ROOT_DEPARTMENT
    return APPROVAL_ROOT_DEPARTMENT if first == CONTACTS_ROOT_DEPARTMENT else first


class Directory:
    """The organisation's people; every method may raise ``DingTalkError`` (``OUTSIDE_CONTACT_SCOPE`` …)."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def user(self, user_id: str) -> DirectoryPerson | None:
        """Read a person, or None if the organisation has nobody of that id (DingTalk: topapi/v2/user/get)."""
        try:
            answer = self._transport.oapi(
                Call(
                    operation=Operation.READ_USER,
                    method="POST",
                    path="/topapi/v2/user/get",
                    expects="result",
                    body={"userid": user_id, "language": "zh_CN"},
                )
            )
        except DingTalkError as error:
            if error.failure is FailureClass.PERSON_UNKNOWN:
                return None
            raise
        return _person(mapping(answer["result"]))

    def user_id_of(self, union_id: str) -> UnionMatch:
        """Find a person by union id (DingTalk: topapi/user/getbyunionid).

        Raises ``OTHER_ORGANISATION`` if they are not in this one.
        """
        answer = self._transport.oapi(
            Call(
                operation=Operation.USER_BY_UNION_ID,
                method="POST",
                path="/topapi/user/getbyunionid",
                expects="result.userid",
                body={"unionid": union_id},
            )
        )
        result = mapping(answer["result"])
        is_employee = whole_number(result.get("contact_type")) == EMPLOYEE_CONTACT_TYPE
        return UnionMatch(
            text(result["userid"]), ContactType.EMPLOYEE if is_employee else ContactType.EXTERNAL
        )

    def search(self, query: str, *, limit: int = 10) -> tuple[str, ...]:
        """Return the user ids of people whose name resembles ``query``, at most ``limit``."""
        found: list[str] = []
        has_more = True
        while has_more and len(found) < limit:
            answer = self._transport.api(
                Call(
                    operation=Operation.SEARCH_USERS,
                    method="POST",
                    path="/v1.0/contact/users/search",
                    expects="list",
                    body={
                        "queryWord": query,
                        "offset": len(found),
                        "size": min(limit - len(found), SEARCH_PAGE_SIZE),
                    },
                )
            )
            page = [text(user_id) for user_id in sequence(answer["list"])]
            found += page
            has_more = bool(page) and truth(answer.get("hasMore"))
        return tuple(found[:limit])

    def department_members(self, department_id: int) -> tuple[str, ...]:
        """Return the user ids of a department's direct members; the root is 1 (DingTalk: user/listid)."""
        answer = self._transport.oapi(
            Call(
                operation=Operation.DEPARTMENT_MEMBERS,
                method="POST",
                path="/topapi/user/listid",
                expects="result",
                body={"dept_id": department_id},
            )
        )
        return tuple(text(user_id) for user_id in sequence(mapping(answer["result"]).get("userid_list")))

    def role_members(self, role_id: int) -> tuple[RoleMember, ...]:
        """Return who holds a role, at most 1000 people (DingTalk: topapi/role/simplelist)."""
        found: list[RoleMember] = []
        has_more = True
        while has_more and len(found) < MOST_ROLE_MEMBERS:
            answer = self._transport.oapi(
                Call(
                    operation=Operation.ROLE_MEMBERS,
                    method="POST",
                    path="/topapi/role/simplelist",
                    expects="result",
                    body={"role_id": role_id, "size": ROLE_PAGE_SIZE, "offset": len(found)},
                )
            )
            result = mapping(answer["result"])
            page = [
                RoleMember(text(each.get("userid")), text(each.get("name")))
                for each in mappings(result.get("list"))
            ]
            found += page
            has_more = bool(page) and truth(result.get("hasMore"))
        return tuple(found[:MOST_ROLE_MEMBERS])

    def department_name(self, department_id: int) -> str:
        """Return a department's name; the root is 1 here (DingTalk: topapi/v2/department/get)."""
        return text(self._department(department_id).get("name"))

    def department(self, department_id: int) -> Department:
        """Read a department; the root is 1 here (DingTalk: topapi/v2/department/get)."""
        found = self._department(department_id)
        heads = sequence(found.get("dept_manager_userid_list"))
        return Department(
            name=text(found.get("name")),
            parent_id=whole_number(found.get("parent_id")),
            head_user_ids=tuple(text(user_id) for user_id in heads),
        )

    def _department(self, department_id: int) -> Json:
        answer = self._transport.oapi(
            Call(
                operation=Operation.READ_DEPARTMENT,
                method="POST",
                path="/topapi/v2/department/get",
                expects="result",
                body={"dept_id": department_id, "language": "zh_CN"},
            )
        )
        return mapping(answer["result"])


def _person(result: Json) -> DirectoryPerson:
    departments = (whole_number(department) for department in sequence(result.get("dept_id_list")))
    return DirectoryPerson(
        user_id=text(result.get("userid")),
        union_id=text(result.get("unionid")),
        name=text(result.get("name")),
        department_ids=tuple(department for department in departments if department is not None),
        manager_user_id=optional_text(result.get("manager_userid")),
        is_active=truth(result.get("active")),
        title=text(result.get("title")),
        avatar_url=web_address(result.get("avatar")),
        is_admin=truth(result.get("admin")),
    )
