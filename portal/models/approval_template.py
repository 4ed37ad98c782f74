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
    """A template as an admin last confirmed it, and what a later look found to be different.

    ``field_mapping`` holds our field names and their labels in DingTalk, ``option_mapping`` for fields of choice our
    values and their options; ``fields`` is the form and ``flow`` the nodes as confirmed. ``bypass_acknowledged``
    names whom an admin accepted to be passed over. ``drift`` is empty while nothing has changed since.
    ``verified_at`` is the last look that could be had, ``check_failure`` why the one after it could not.
    """

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
    fields: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    option_mapping: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    drift: Mapped[dict[str, Any] | None]
    check_failure: Mapped[dict[str, Any] | None]
    bypass_acknowledged: Mapped[list[Any] | None]
    bypass_acknowledged_by_id: Mapped[int | None] = mapped_column(ForeignKey("portal_person.id"))
    created_by_id: Mapped[int] = mapped_column(ForeignKey("portal_person.id"))
    created_at: Mapped[datetime]
    verified_at: Mapped[datetime]

    created_by: Mapped[Person] = relationship(foreign_keys=[created_by_id])
