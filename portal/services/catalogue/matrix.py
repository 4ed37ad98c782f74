"""Which kinds of people can hold which level of a kind of resource, for the page that tells it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from portal.models.person import UserType
from portal.models.resource import WorkspaceRole
from portal.rules.eligibility import NOT_A_MEMBER, offered_levels
from portal.rules.entitlement import Entitlement

_MEMBER_AS = {
    UserType.DEVELOPER: WorkspaceRole.DEVELOPER,
    UserType.ANALYST: WorkspaceRole.ANALYST,
    UserType.VISITOR: WorkspaceRole.VIEWER,
}


class Holding(StrEnum):
    """Whether people of a kind can hold a level."""

    ALWAYS = "always"
    AS_MEMBER = "as_member"
    NEVER = "never"


@dataclass(frozen=True, kw_only=True)
class Holders:
    """Who can hold a level, by user type in the order of ``UserType``."""

    level: Entitlement
    by_user_type: tuple[Holding, ...]


def holders(resource_type: str, *, has_masked_columns: bool) -> tuple[Holders, ...]:
    """Return who can hold each level of a resource of this type, lowest level first."""

    def held(user_type: UserType, role: str) -> dict[Entitlement, bool]:
        found = offered_levels(
            resource_type=resource_type,
            user_type=user_type,
            workspace_role=role,
            edit_permission=None,
            has_masked_columns=has_masked_columns,
        )
        return {each.level: each.refusal is None for each in found}

    as_members = [held(each, _MEMBER_AS[each].value) for each in UserType]
    as_others = [held(each, NOT_A_MEMBER) for each in UserType]
    return tuple(
        Holders(
            level=level,
            by_user_type=tuple(
                Holding.ALWAYS if other[level] else Holding.AS_MEMBER if member[level] else Holding.NEVER
                for member, other in zip(as_members, as_others, strict=True)
            ),
        )
        for level in as_members[0]
    )
