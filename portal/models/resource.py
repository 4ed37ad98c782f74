"""Data works, datasets and data sources that people can ask access to, and the workspaces they stand in."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base
from portal.models.person import Person


class ResourceType(StrEnum):
    """Kinds of resource, as Quick BI names them."""

    DATA_PORTAL = "data_portal"
    DASHBOARD = "dashboard"
    WORKBOOK = "workbook"
    AD_HOC_ANALYSIS = "ad_hoc_analysis"
    SELF_SERVICE_RETRIEVAL = "self_service_retrieval"
    DATA_SCREEN = "data_screen"
    DATA_ENTRY_FORM = "data_entry_form"
    DATASET = "dataset"
    DATA_SOURCE = "data_source"


class ResourceSource(StrEnum):
    """Who fills a catalogue row in, and so may change it without being asked."""

    MANUAL = "manual"
    IMPORT = "import"
    QUICKBI = "quickbi"


class EditPermission(StrEnum):
    """Who may hold Edit at all (Quick BI's edit permission property 0, 12 and 11: UpdateAuthorizationAttributes)."""

    PRIVATE = "private"
    SPECIFIED = "specified"
    ALL_MEMBERS = "all_members"


class WorkspaceRole(StrEnum):
    """What a member is in a workspace (Quick BI's preset roles 25, 26, 27 and 30)."""

    ADMINISTRATOR = "administrator"
    DEVELOPER = "developer"
    ANALYST = "analyst"
    VIEWER = "viewer"


class Workspace(Base):
    """A workspace of the BI tool; ``allows_sharing`` off means that nothing in it can be granted."""

    __tablename__ = "portal_workspace"

    id: Mapped[int] = mapped_column(primary_key=True)
    external_id: Mapped[str | None] = mapped_column(String(128), unique=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    allows_sharing: Mapped[bool] = mapped_column(default=True, server_default="1")
    synced_at: Mapped[datetime | None]

    members: Mapped[list[WorkspaceMember]] = relationship(
        back_populates="workspace", cascade="all, delete-orphan"
    )


class WorkspaceMember(Base):
    """One person's place in one workspace. ``is_given_here`` tells an admin's word from what a sync read."""

    __tablename__ = "portal_workspace_member"

    workspace_id: Mapped[int] = mapped_column(ForeignKey("portal_workspace.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("portal_person.id"), primary_key=True, index=True)
    role: Mapped[str] = mapped_column(String(16))
    is_given_here: Mapped[bool] = mapped_column(default=True, server_default="1")
    given_at: Mapped[datetime]

    workspace: Mapped[Workspace] = relationship(back_populates="members")
    person: Mapped[Person] = relationship(lazy="joined")


class Resource(Base):
    """Found from outside by ``resource_type`` and ``external_id`` (the stable deep link), or by its ``link``.

    ``workspace`` is the workspace's name as lists show and search it. ``link_key`` is the link as pasted addresses
    are compared with it (a digest). ``owner_name`` names an owner who is nobody we know. ``confirmation`` is what a
    requester must confirm. ``columns`` are a dataset's columns (``name``, ``label``, ``is_masked``). ``target``
    delivers its grants, empty where the settings say. What is ``gone`` can no longer be asked for.
    """

    __tablename__ = "portal_resource"
    __table_args__ = (
        UniqueConstraint("resource_type", "external_id"),
        Index("ix_portal_resource_workspace_id", "workspace_id", "id"),
        Index("ix_portal_resource_owner_id", "owner_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    resource_type: Mapped[str] = mapped_column(String(32))
    external_id: Mapped[str] = mapped_column(String(128))
    name: Mapped[str] = mapped_column(String(200), index=True)
    workspace: Mapped[str] = mapped_column(String(200), default="")
    workspace_id: Mapped[int | None] = mapped_column(ForeignKey("portal_workspace.id"))
    link: Mapped[str] = mapped_column(String(1024), default="")
    link_key: Mapped[str] = mapped_column(String(64), default="", server_default="", index=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("portal_person.id"))
    owner_name: Mapped[str] = mapped_column(String(128), default="", server_default="")
    description: Mapped[str] = mapped_column(Text, default="", server_default="")
    confirmation: Mapped[str] = mapped_column(Text, default="", server_default="")
    columns: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    source: Mapped[str] = mapped_column(String(16), default=ResourceSource.MANUAL, server_default="manual")
    target: Mapped[str | None] = mapped_column(String(16))
    is_published: Mapped[bool] = mapped_column(default=True, server_default="1")
    edit_permission: Mapped[str | None] = mapped_column(String(16))
    facts: Mapped[dict[str, Any] | None]
    synced_at: Mapped[datetime | None]
    gone_at: Mapped[datetime | None]

    owner: Mapped[Person | None] = relationship(lazy="joined")
    home: Mapped[Workspace | None] = relationship()


class ResourceImport(Base):
    """A CSV file that was read without changing anything yet: its lines and what they would change."""

    __tablename__ = "portal_resource_import"

    id: Mapped[int] = mapped_column(primary_key=True)
    started_by_id: Mapped[int] = mapped_column(ForeignKey("portal_person.id"))
    file_name: Mapped[str] = mapped_column(String(200))
    content: Mapped[str] = mapped_column(Text)
    report: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]
