"""What a person asks for: a request, and the items in it."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.approval import Approval
from portal.models.base import Base
from portal.models.person import Person
from portal.models.resource import Resource


class AccessRequest(Base):
    """``state`` sums up the approvals; ``submission_key`` makes a form sent twice one request."""

    __tablename__ = "portal_access_request"
    # Each ends in the id: a list reads its newest rows off an index, however many there are in all.
    __table_args__ = (
        Index("ix_portal_access_request_mine", "requester_id", "id"),
        Index("ix_portal_access_request_state", "state", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(24), unique=True)
    requester_id: Mapped[int] = mapped_column(ForeignKey("portal_person.id"))
    department_id: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(Text)
    requested_duration_days: Mapped[int | None]
    valid_until: Mapped[date | None]
    language: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(24))
    submission_key: Mapped[str] = mapped_column(String(64), unique=True)
    submitted_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]

    requester: Mapped[Person] = relationship(lazy="joined")
    items: Mapped[list[RequestItem]] = relationship(back_populates="request")
    approvals: Mapped[list[Approval]] = relationship(back_populates="request", lazy="selectin")


class RequestItem(Base):
    """One resource and level; it gets the outcome of its approval."""

    __tablename__ = "portal_request_item"
    __table_args__ = (Index("ix_portal_request_item_resource", "resource_id", "request_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("portal_access_request.id"), index=True)
    approval_id: Mapped[int] = mapped_column(ForeignKey("portal_approval.id"), index=True)
    resource_id: Mapped[int] = mapped_column(ForeignKey("portal_resource.id"))
    entitlement: Mapped[str] = mapped_column(String(16))

    request: Mapped[AccessRequest] = relationship(back_populates="items")
    resource: Mapped[Resource] = relationship(lazy="joined")
