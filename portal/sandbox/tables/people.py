"""People, departments and roles of the pretended organisation."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, mapped_column

from portal.sandbox.storage import Base


class Relation(StrEnum):
    """What somebody who signs in is to the organisation."""

    STAFF = "staff"
    EXTERNAL_CONTACT = "external_contact"
    OTHER_ORGANISATION = "other_organisation"


class Department(Base):
    """``id`` 1 is the root, which approval calls name -1."""

    __tablename__ = "department"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    parent_id: Mapped[int | None]


class Person(Base):
    """``manager_userid`` is the Direct Supervisor; None where nobody filled it in."""

    __tablename__ = "person"

    userid: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    name: Mapped[str]
    union_id: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str] = mapped_column(default="")
    relation: Mapped[str] = mapped_column(default=Relation.STAFF)
    is_active: Mapped[bool] = mapped_column(default=True)
    is_admin: Mapped[bool] = mapped_column(default=False)
    manager_userid: Mapped[str | None]
    department_ids: Mapped[list[int]] = mapped_column(JSON, default=list)
    leads_department_ids: Mapped[list[int]] = mapped_column(JSON, default=list)


class Role(Base):
    """A role of the contacts, with its members' userids."""

    __tablename__ = "role"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    group_name: Mapped[str]
    members: Mapped[list[str]] = mapped_column(JSON, default=list)
