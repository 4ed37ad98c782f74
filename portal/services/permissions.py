"""What somebody may do: the table of ``rules/permissions.py`` asked about a person."""

from __future__ import annotations

from portal.models import Person
from portal.rules.permissions import Permission, allows, only_reads
from portal.services.faults import ServiceError


class OnlyReads(ServiceError):
    """The person is an auditor, who changes nothing."""


class NotAllowed(ServiceError):
    """The person has no role that allows this."""

    def __init__(self, permission: Permission) -> None:
        super().__init__(permission.value)
        self.permission = permission


def may(person: Person, permission: Permission) -> bool:
    """Whether one of the person's roles allows this."""
    return person.is_active and allows((held.role for held in person.roles), permission)


def require(person: Person, permission: Permission) -> None:
    """Raise ``NotAllowed`` unless one of the person's roles allows this."""
    if not may(person, permission):
        raise NotAllowed(permission)


def require_change(person: Person) -> None:
    """Raise ``OnlyReads`` for an auditor, who changes nothing, not even in matters of their own."""
    if only_reads(held.role for held in person.roles):
        raise OnlyReads
