"""What Quick BI tells, as plain values in its own words and codes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class WorkspaceRecord:
    """A workspace; where ``allows_sharing`` is off nothing in it can be granted."""

    workspace_id: str
    name: str
    owner_id: str
    allows_sharing: bool


@dataclass(frozen=True, kw_only=True)
class Work:
    """A data work. ``work_type`` is spelled as QueryWorks does (PAGE, REPORT, DATAPRODUCT …).

    ``status`` is 0 unpublished, 1 published, 2 changed and not published again, 3 offline; ``security_level`` the
    edit permission property: "0" private, "12" specified, "1" or "11" all members of the workspace.
    """

    work_id: str
    name: str
    work_type: str
    workspace_id: str
    workspace_name: str
    owner_id: str
    owner_name: str
    status: int
    security_level: str
    description: str


@dataclass(frozen=True, kw_only=True)
class DatasetRecord:
    """A dataset of a workspace."""

    dataset_id: str
    name: str
    workspace_id: str
    workspace_name: str
    owner_id: str
    owner_name: str
    description: str


@dataclass(frozen=True, kw_only=True)
class DataSourceRecord:
    """A data source; Quick BI names who made it, not an owner."""

    data_source_id: str
    name: str
    creator_id: str
    creator_name: str


@dataclass(frozen=True, kw_only=True)
class MemberRecord:
    """Somebody who has a role in a workspace."""

    user_id: str
    name: str
    workspace_id: str


@dataclass(frozen=True, kw_only=True)
class UserRecord:
    """Somebody of the organisation; ``user_type`` is 1 developer, 2 visitor, 3 analyst."""

    user_id: str
    name: str
    account_name: str
    user_type: int
    is_deleted: bool


@dataclass(frozen=True, kw_only=True)
class Authorization:
    """What ListAuthConfigByResource shows. ``scope`` 0 user, 1 group, 2 organisation, 3 workspace.

    ``expires_ms`` is None without an end. ``created_at`` is Quick BI's local time as text.
    """

    authorized_id: str
    authorized_name: str
    authorities: tuple[str, ...]
    scope: int
    expires_ms: int | None
    created_at: str


@dataclass(frozen=True, kw_only=True)
class Share:
    """What QueryShareList shows, which is only what is still valid. ``auth_point`` is 1 view or 3 with export."""

    share_id: str
    to_id: str
    to_name: str
    to_type: int
    auth_point: int
    expires_ms: int | None


@dataclass(frozen=True, kw_only=True)
class PortalMenu:
    """A leaf menu of a data portal; ``menu_type`` 1 is an external link, which knows view only."""

    menu_id: str
    name: str
    menu_type: int


@dataclass(frozen=True, kw_only=True)
class MenuReceiver:
    """Who a menu is authorised to; ``auth_points`` 1 view, 3 export, 10 manage form data, 11 edit."""

    menu_id: str
    receiver_id: str
    receiver_type: int
    auth_points: int
