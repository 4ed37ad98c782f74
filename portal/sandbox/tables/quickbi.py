"""The pretended Quick BI organisation: who is in it, what there is, and who was given what until when."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, mapped_column

from portal.sandbox.storage import Base


class BiUser(Base):
    """``user_type`` 1 developer, 2 visitor, 3 analyst; ``union_id`` of the bound DingTalk account, if any."""

    __tablename__ = "bi_user"

    user_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    account_name: Mapped[str]
    user_type: Mapped[int]
    union_id: Mapped[str | None] = mapped_column(unique=True)
    is_deleted: Mapped[bool] = mapped_column(default=False)


class BiWorkspace(Base):
    """``members`` maps user ids to preset roles: 25 administrator, 26 developer, 27 analyst, 30 viewer."""

    __tablename__ = "bi_workspace"

    workspace_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    owner_id: Mapped[str]
    allows_sharing: Mapped[bool] = mapped_column(default=True)
    members: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)


class BiGroup(Base):
    """A user group."""

    __tablename__ = "bi_group"

    group_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    members: Mapped[list[str]] = mapped_column(JSON, default=list)


class BiWork(Base):
    """``work_type`` as QueryWorks spells it, CUBE for a dataset, DATASOURCE for a data source.

    ``status`` 0 unpublished, 1 published, 2 changed since, 3 offline. ``security_level`` is the edit permission
    property: 0 private, 12 specified, 11 (or 1, older) all members of the workspace. ``menus`` is a portal's tree.
    """

    __tablename__ = "bi_work"

    work_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    work_type: Mapped[str]
    workspace_id: Mapped[str]
    owner_id: Mapped[str]
    status: Mapped[int] = mapped_column(default=1)
    security_level: Mapped[int] = mapped_column(default=12)
    menus: Mapped[list[Any]] = mapped_column(JSON, default=list)


class BiGrant(Base):
    """One thing given. ``kind`` authorization, share, menu or white_list; times in epoch ms, 0 without an end.

    ``scope`` 0 user, 1 group, 2 organisation, 3 workspace; ``points`` 1 view, 3 with export, 11 edit.
    """

    __tablename__ = "bi_grant"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    kind: Mapped[str]
    work_id: Mapped[str] = mapped_column(index=True)
    scope: Mapped[int] = mapped_column(default=0)
    principal_id: Mapped[str] = mapped_column(index=True)
    points: Mapped[int] = mapped_column(default=1)
    menu_id: Mapped[str] = mapped_column(default="")
    expires_ms: Mapped[int] = mapped_column(default=0)
    created_ms: Mapped[int]
