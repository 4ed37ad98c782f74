"""Who can hold which level at all: Quick BI's permission matrix, asked before anybody is asked for a decision.

Source: Quick BI, "Grant users the permissions on data works", "… on forms", "… on datasets", "… on data sources".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from portal.rules.entitlement import Entitlement, entitlements_of

# Known to be no member of the resource's workspace; None means that nobody knows.
NOT_A_MEMBER = "not_a_member"


class LevelRefusal(StrEnum):
    """Why somebody cannot hold a level, whoever approves it."""

    VISITOR = "visitor"
    ANALYST = "analyst"
    WORKSPACE_VIEWER = "workspace_viewer"
    WORKSPACE_ANALYST = "workspace_analyst"
    NOT_A_MEMBER = "not_a_member"
    SHARING_OFF = "sharing_off"


class LevelWarning(StrEnum):
    """What may keep a level from taking effect although it is approved."""

    EDIT_IS_PRIVATE = "edit_is_private"
    NOT_PUBLISHED = "not_published"
    MEMBERSHIP_UNKNOWN = "membership_unknown"
    USER_TYPE_UNKNOWN = "user_type_unknown"


class DatasetUse(StrEnum):
    """Who can be given Use of a dataset: versions of Quick BI differ."""

    MEMBERS = "members"
    ANYBODY = "anybody"


@dataclass(frozen=True, kw_only=True)
class LevelOffer:
    """A level as it is offered to one person: refused, offered with a warning, or simply offered."""

    level: Entitlement
    refusal: LevelRefusal | None = None
    warning: LevelWarning | None = None


@dataclass(frozen=True, kw_only=True)
class _Need:
    """The least user type (and role in the workspace) that a level asks for; ``is_for_members`` of the workspace."""

    rank: int
    is_for_members: bool


_VISITOR, _ANALYST, _DEVELOPER = range(3)
_RANK_OF_USER_TYPE = {"visitor": _VISITOR, "analyst": _ANALYST, "developer": _DEVELOPER}
_RANK_OF_ROLE = {
    "viewer": _VISITOR,
    "analyst": _ANALYST,
    "developer": _DEVELOPER,
    "administrator": _DEVELOPER,
}

_EVERYBODY = _Need(rank=_VISITOR, is_for_members=False)
_WORK = {
    Entitlement.VIEW: _EVERYBODY,
    Entitlement.EXPORT: _EVERYBODY,
    Entitlement.EDIT: _Need(rank=_ANALYST, is_for_members=True),
}
_DEVELOPING = _Need(rank=_DEVELOPER, is_for_members=True)
_NEEDS: dict[str, dict[Entitlement, _Need]] = {
    "data_portal": _WORK,
    "dashboard": _WORK,
    "workbook": _WORK,
    "ad_hoc_analysis": _WORK,
    "self_service_retrieval": _WORK,
    "data_screen": _WORK,
    "data_entry_form": {
        Entitlement.SUBMIT: _EVERYBODY,
        Entitlement.MANAGE_OWN: _Need(rank=_ANALYST, is_for_members=False),
        Entitlement.MANAGE: _Need(rank=_ANALYST, is_for_members=False),
        Entitlement.EDIT: _DEVELOPING,
    },
    "dataset": {
        Entitlement.USE: _Need(rank=_ANALYST, is_for_members=True),
        Entitlement.EDIT: _DEVELOPING,
        Entitlement.UNMASK: _EVERYBODY,
    },
    "data_source": {Entitlement.USE: _DEVELOPING, Entitlement.EDIT: _DEVELOPING},
}


def offered_levels(
    *,
    resource_type: str,
    user_type: str | None,
    workspace_role: str | None,
    edit_permission: str | None,
    has_masked_columns: bool,
    allows_sharing: bool = True,
    is_published: bool = True,
    dataset_use: DatasetUse = DatasetUse.MEMBERS,
) -> tuple[LevelOffer, ...]:
    """Return the levels of a resource as one person can hold them, lowest first.

    Args:
        resource_type: one of ``ResourceType``.
        user_type: one of ``UserType``; None (nobody knows) refuses nothing.
        workspace_role: one of ``WorkspaceRole`` in its workspace, ``NOT_A_MEMBER``, or None (nobody knows).
        edit_permission: one of ``EditPermission``, or None.
        has_masked_columns: whether it is a dataset with columns that can be asked for.
        allows_sharing: whether its workspace lets anything in it be granted.
        is_published: whether its readers can see it yet.
        dataset_use: who can be given Use of a dataset; the stricter reading of Quick BI's pages unless told.
    """
    offers = []
    for level in entitlements_of(resource_type, has_masked_columns=has_masked_columns):
        need = _NEEDS[resource_type][level]
        if level == Entitlement.USE and resource_type == "dataset" and dataset_use == DatasetUse.ANYBODY:
            need = _EVERYBODY
        refusal = _refusal(need, user_type, workspace_role) if allows_sharing else LevelRefusal.SHARING_OFF
        warning = None
        if refusal is None:
            if level == Entitlement.EDIT and edit_permission == "private":
                warning = LevelWarning.EDIT_IS_PRIVATE
            else:
                warning = _warning(need, user_type, workspace_role, is_published=is_published)
        offers.append(LevelOffer(level=level, refusal=refusal, warning=warning))
    return tuple(offers)


def _refusal(need: _Need, user_type: str | None, workspace_role: str | None) -> LevelRefusal | None:
    type_rank = _RANK_OF_USER_TYPE.get(user_type or "", need.rank)
    if type_rank < need.rank:
        return LevelRefusal.VISITOR if type_rank == _VISITOR else LevelRefusal.ANALYST
    if workspace_role == NOT_A_MEMBER:
        return LevelRefusal.NOT_A_MEMBER if need.is_for_members else None
    role_rank = _RANK_OF_ROLE.get(workspace_role or "", need.rank)
    if need.is_for_members and role_rank < need.rank:
        return LevelRefusal.WORKSPACE_VIEWER if role_rank == _VISITOR else LevelRefusal.WORKSPACE_ANALYST
    return None


def _warning(
    need: _Need, user_type: str | None, workspace_role: str | None, *, is_published: bool
) -> LevelWarning | None:
    if not is_published:
        return LevelWarning.NOT_PUBLISHED
    if need.is_for_members and workspace_role is None:
        return LevelWarning.MEMBERSHIP_UNKNOWN
    if need.rank > _VISITOR and user_type is None:
        return LevelWarning.USER_TYPE_UNKNOWN
    return None
