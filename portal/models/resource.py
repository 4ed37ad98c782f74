"""A data work that people can ask access to."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base
from portal.models.person import Person


class ResourceType(StrEnum):
    """Kinds of resource, as Quick BI names them."""

    DATA_PORTAL = "data_portal"
    DASHBOARD = "dashboard"
    WORKBOOK = "workbook"
    DATASET = "dataset"


class Resource(Base):
    """Found from outside by ``resource_type`` and ``external_id`` (the stable deep link)."""

    __tablename__ = "portal_resource"
    __table_args__ = (UniqueConstraint("resource_type", "external_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    resource_type: Mapped[str] = mapped_column(String(32))
    external_id: Mapped[str] = mapped_column(String(128))
    name: Mapped[str] = mapped_column(String(200), index=True)
    workspace: Mapped[str] = mapped_column(String(200), default="")
    link: Mapped[str] = mapped_column(String(1024), default="")
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("portal_person.id"))

    owner: Mapped[Person | None] = relationship(lazy="joined")
