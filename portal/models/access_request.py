"""What a person asks for: a request, and the items in it."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.approval import Approval
from portal.models.base import Base
from portal.models.person import Person
from portal.models.resource import Resource

if TYPE_CHECKING:
    from portal.models.grant import Grant


class Acceptance(StrEnum):
    """What the colleague says for whom somebody asks."""

    ASKED = "asked"
    ACCEPTED = "accepted"
    DECLINED = "declined"


class AccessRequest(Base):
    """``state`` sums up the approvals; ``submission_key`` makes a form sent twice one request.

    ``on_behalf_of`` is the colleague who gets the access, empty where the requester does; ``acceptance`` is what they
    say to that. ``repeats_id`` is the earlier request that this one asks for again.
    """

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
    on_behalf_of_id: Mapped[int | None] = mapped_column(ForeignKey("portal_person.id"), index=True)
    acceptance: Mapped[str | None] = mapped_column(String(16))
    answered_at: Mapped[datetime | None]
    repeats_id: Mapped[int | None] = mapped_column(ForeignKey("portal_access_request.id"))

    requester: Mapped[Person] = relationship(lazy="joined", foreign_keys=[requester_id])
    on_behalf_of: Mapped[Person | None] = relationship(foreign_keys=[on_behalf_of_id])
    items: Mapped[list[RequestItem]] = relationship(back_populates="request")
    approvals: Mapped[list[Approval]] = relationship(
        back_populates="request", lazy="selectin", order_by=Approval.position
    )

    @property
    def grantee(self) -> Person:
        """Who gets the access."""
        return self.on_behalf_of or self.requester

    @property
    def grantee_id(self) -> int:
        """The id of who gets the access."""
        return self.on_behalf_of_id or self.requester_id


class RequestItem(Base):
    """One resource and level; it gets the outcome of its approval, and its grant where that is a yes.

    ``columns`` are the names of masked columns asked for, ``confirmed`` what the requester confirmed,
    ``renews_grant_id`` the grant to be prolonged (no foreign key: the grants' table points here).
    """

    __tablename__ = "portal_request_item"
    __table_args__ = (Index("ix_portal_request_item_resource", "resource_id", "request_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("portal_access_request.id"), index=True)
    approval_id: Mapped[int] = mapped_column(ForeignKey("portal_approval.id"), index=True)
    resource_id: Mapped[int] = mapped_column(ForeignKey("portal_resource.id"))
    entitlement: Mapped[str] = mapped_column(String(16))
    columns: Mapped[list[Any] | None]
    confirmed: Mapped[str] = mapped_column(Text, default="", server_default="")
    renews_grant_id: Mapped[int | None]

    request: Mapped[AccessRequest] = relationship(back_populates="items")
    resource: Mapped[Resource] = relationship(lazy="joined")
    approval: Mapped[Approval] = relationship()
    grant: Mapped[Grant | None] = relationship(back_populates="item")
