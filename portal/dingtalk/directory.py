"""People and departments of the organisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

CONTACTS_ROOT_DEPARTMENT = 1
APPROVAL_ROOT_DEPARTMENT = -1


class ContactType(StrEnum):
    """Who stands behind a union id; only employees may sign in."""

    EMPLOYEE = "employee"
    EXTERNAL = "external"


class UnionMatch(NamedTuple):
    """The person that a union id leads to."""

    user_id: str
    contact_type: ContactType


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


def approval_department(department_ids: Sequence[int]) -> int:
    """Return the department to start an approval from: the first one, or the root for somebody without any.

    The root is 1 among contacts and -1 in approval calls.
    """
    first = department_ids[0] if department_ids else CONTACTS_ROOT_DEPARTMENT
    return APPROVAL_ROOT_DEPARTMENT if first == CONTACTS_ROOT_DEPARTMENT else first


class Directory:
    """The organisation's people."""

    def user(self, user_id: str) -> DirectoryPerson | None:
        """Read a person, or None if the organisation has nobody of that id."""
        raise NotImplementedError

    def user_id_of(self, union_id: str) -> UnionMatch:
        """Find a person by union id; raises ``OTHER_ORGANISATION`` if they are not in this one."""
        raise NotImplementedError

    def search(self, query: str, *, limit: int = 10) -> tuple[str, ...]:
        """Return the user ids of people whose name resembles ``query``, at most ``limit``."""
        raise NotImplementedError

    def department_members(self, department_id: int) -> tuple[str, ...]:
        """Return the user ids of a department's direct members; the root is 1 here."""
        raise NotImplementedError
