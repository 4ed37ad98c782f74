"""A DingTalk approval form that requests are started with."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base
from portal.models.person import Person


class TemplateSource(StrEnum):
    """Where a template comes from; the labels on the page are fixed by the product's help page."""

    OFFICIAL = "official"
    CUSTOM = "custom"


class TemplateMode(StrEnum):
    """How an approval runs: with one approver, or through the flow designed in DingTalk."""

    PEER_TO_PEER = "peer_to_peer"
    FULL_FLOW = "full_flow"


class ApprovalTemplate(Base):
    """``field_mapping`` holds our field names and their labels in DingTalk; ``flow`` the nodes last seen."""

    __tablename__ = "portal_approval_template"
    __table_args__ = (UniqueConstraint("corp_id", "process_code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    corp_id: Mapped[str] = mapped_column(String(64))
    source: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(200))
    process_code: Mapped[str] = mapped_column(String(128))
    language: Mapped[str] = mapped_column(String(8))
    field_mapping: Mapped[dict[str, Any]]
    mode: Mapped[str] = mapped_column(String(16))
    flow: Mapped[list[Any]]
    bypass_acknowledged_by_id: Mapped[int | None] = mapped_column(ForeignKey("portal_person.id"))
    created_by_id: Mapped[int] = mapped_column(ForeignKey("portal_person.id"))
    created_at: Mapped[datetime]
    verified_at: Mapped[datetime]

    created_by: Mapped[Person] = relationship(foreign_keys=[created_by_id])
