"""People of the organisation, what they may do, and the local sign-in for the first hour."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base


class Role(StrEnum):
    """What a person may do beyond asking for access; given by admins only. See ``rules/permissions.py``."""

    ORGANIZATION_ADMIN = "organization_admin"
    PERMISSION_ADMINISTRATOR = "permission_administrator"
    ENTERPRISE_SECURITY_ADMINISTRATOR = "enterprise_security_administrator"
    AUDITOR = "auditor"


class UserType(StrEnum):
    """What somebody is in Quick BI (user types 1, 3 and 2), which bounds the levels they can hold."""

    DEVELOPER = "developer"
    ANALYST = "analyst"
    VISITOR = "visitor"


class Person(Base):
    """Somebody who can sign in; ``user_id`` is the DingTalk userid, empty for local admins."""

    __tablename__ = "portal_person"
    __table_args__ = (UniqueConstraint("corp_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    corp_id: Mapped[str | None] = mapped_column(String(64))
    user_id: Mapped[str | None] = mapped_column(String(64))
    union_id: Mapped[str | None] = mapped_column(String(64), index=True)
    name: Mapped[str] = mapped_column(String(128))
    is_active: Mapped[bool] = mapped_column(default=True)
    departments: Mapped[list[Any]] = mapped_column(default=list)
    refreshed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    user_type: Mapped[str | None] = mapped_column(String(16))
    quickbi_user_id: Mapped[str | None] = mapped_column(String(64), index=True)

    roles: Mapped[list[PersonRole]] = relationship(back_populates="person", cascade="all, delete-orphan")

    @property
    def is_organization_admin(self) -> bool:
        return any(held.role == Role.ORGANIZATION_ADMIN for held in self.roles)

    @property
    def is_dingtalk_person(self) -> bool:
        return self.user_id is not None


class Absence(Base):
    """An approver on leave: from ``starts_on`` to ``ends_on``, both days included, ``delegate`` decides instead."""

    __tablename__ = "portal_absence"

    person_id: Mapped[int] = mapped_column(ForeignKey("portal_person.id"), primary_key=True)
    delegate_id: Mapped[int] = mapped_column(ForeignKey("portal_person.id"))
    starts_on: Mapped[date]
    ends_on: Mapped[date]

    person: Mapped[Person] = relationship(foreign_keys=[person_id])
    delegate: Mapped[Person] = relationship(lazy="joined", foreign_keys=[delegate_id])


class PersonRole(Base):
    """One role of one person."""

    __tablename__ = "portal_person_role"

    person_id: Mapped[int] = mapped_column(ForeignKey("portal_person.id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(48), primary_key=True)
    given_at: Mapped[datetime]

    person: Mapped[Person] = relationship(back_populates="roles")


class LocalCredential(Base):
    """User name and password of a local admin: for the first hour and for emergencies."""

    __tablename__ = "portal_local_credential"

    person_id: Mapped[int] = mapped_column(ForeignKey("portal_person.id"), primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    password_hash: Mapped[str] = mapped_column(String(256))
    failed_attempts: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]

    person: Mapped[Person] = relationship()
