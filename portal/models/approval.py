"""One decision to be had, and the process instance in which it is taken."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.approval_template import ApprovalTemplate
from portal.models.base import Base
from portal.models.person import Person

if TYPE_CHECKING:
    from portal.models.access_request import AccessRequest
    from portal.models.trial import Trial


class Approval(Base):
    """The guard row of mechanism 2: its ``state`` says what may be done next, ``due_at`` when.

    ``due_at`` is the promise: whoever wants work done sets it in the commit of the change; workers take due
    rows. It is empty when nothing is left to do. ``earlier_attempts`` keeps what the attempts before this one
    sent (``attempt``, ``values``, ``starting_at``), because one of them may surface later. ``chosen_approvers`` is
    what the requester chose for the template's Selected by Initiator nodes. ``heard_at`` is when
    an event last told of the instance, ``sweeps`` how often it was read because none had.

    ``template`` belongs to approvals of the DingTalk channel only. ``approver_kind`` is by which kind the approver
    decides, ``stands_in_for`` the approver on leave whom they represent. ``replaces_id`` is the approval that nobody
    decided in time. At ``escalates_at`` the next kind is asked, at ``lapses_at`` nobody is any more;
    ``withdrawal_purpose`` says why the portal itself ends it (``escalation``, ``lapse``). ``decided_by`` and
    ``decision_reason`` are of the in-platform channel.
    """

    __tablename__ = "portal_approval"
    __table_args__ = (
        CheckConstraint("(request_id IS NULL) <> (trial_id IS NULL)", name="one_owner"),
        UniqueConstraint("request_id", "position"),
        Index("ix_portal_approval_due_at", "due_at"),
        Index(
            "ix_portal_approval_escalates_at",
            "escalates_at",
            sqlite_where=text("escalates_at IS NOT NULL"),
            postgresql_where=text("escalates_at IS NOT NULL"),
        ),
        Index(
            "ix_portal_approval_lapses_at",
            "lapses_at",
            sqlite_where=text("lapses_at IS NOT NULL"),
            postgresql_where=text("lapses_at IS NOT NULL"),
        ),
        Index("ix_portal_approval_approver", "approver_id", "request_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[int | None] = mapped_column(ForeignKey("portal_access_request.id"))
    trial_id: Mapped[int | None] = mapped_column(ForeignKey("portal_trial.id"), unique=True)
    position: Mapped[int] = mapped_column(default=1)
    channel: Mapped[str] = mapped_column(String(16))
    template_id: Mapped[int | None] = mapped_column(ForeignKey("portal_approval_template.id"))
    approver_id: Mapped[int] = mapped_column(ForeignKey("portal_person.id"))
    approver_reason: Mapped[str] = mapped_column(String(48))
    approver_kind: Mapped[str | None] = mapped_column(String(40))
    stands_in_for_id: Mapped[int | None] = mapped_column(ForeignKey("portal_person.id"))
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("portal_approval.id"))
    state: Mapped[str] = mapped_column(String(24), index=True)
    due_at: Mapped[datetime | None]
    attempt: Mapped[int] = mapped_column(default=0)
    starting_at: Mapped[datetime | None]
    resolve_tries: Mapped[int] = mapped_column(default=0)
    retries: Mapped[int] = mapped_column(default=0)
    submitted_values: Mapped[dict[str, Any] | None]
    earlier_attempts: Mapped[list[Any] | None]
    chosen_approvers: Mapped[list[Any] | None]
    instance_id: Mapped[str | None] = mapped_column(String(128), unique=True)
    instance_url: Mapped[str | None] = mapped_column(Text)
    started_at: Mapped[datetime | None]
    heard_at: Mapped[datetime | None]
    last_read_at: Mapped[datetime | None]
    sweeps: Mapped[int] = mapped_column(default=0, server_default="0")
    withdrawal_requested_at: Mapped[datetime | None]
    withdrawal_purpose: Mapped[str | None] = mapped_column(String(16))
    escalates_at: Mapped[datetime | None]
    lapses_at: Mapped[datetime | None]
    nudged_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("portal_person.id"))
    decision_reason: Mapped[str] = mapped_column(Text, default="", server_default="")
    closed_at: Mapped[datetime | None]
    failure: Mapped[dict[str, Any] | None]
    incident: Mapped[dict[str, Any] | None]
    version: Mapped[int] = mapped_column(default=1)

    request: Mapped[AccessRequest | None] = relationship(back_populates="approvals")
    trial: Mapped[Trial | None] = relationship(back_populates="approval")
    template: Mapped[ApprovalTemplate] = relationship(lazy="joined")
    approver: Mapped[Person] = relationship(lazy="joined", foreign_keys=[approver_id])
    stands_in_for: Mapped[Person | None] = relationship(foreign_keys=[stands_in_for_id])
    decided_by: Mapped[Person | None] = relationship(foreign_keys=[decided_by_id])
    records: Mapped[list[ApprovalRecord]] = relationship(
        order_by="ApprovalRecord.position", cascade="all, delete-orphan"
    )

    deciders: Mapped[list[ApprovalDecider]] = relationship(
        order_by="ApprovalDecider.position", cascade="all, delete-orphan"
    )

    __mapper_args__ = {"version_id_col": version}

    @property
    def number(self) -> str:
        """The number of the request or Test that this approval belongs to."""
        owner = self.request or self.trial
        return owner.number if owner else ""

    @property
    def requester(self) -> Person:
        """The person in whose name the instance runs."""
        return self.request.requester if self.request else self.trial.started_by  # type: ignore[union-attr]

    @property
    def department_id(self) -> int:
        """The department it is started from, as approval calls number it."""
        return self.request.department_id if self.request else self.trial.department_id  # type: ignore[union-attr]


class ApprovalRecord(Base):
    """One thing that somebody did in DingTalk, as the instance detail last told it, in its order."""

    __tablename__ = "portal_approval_record"

    approval_id: Mapped[int] = mapped_column(ForeignKey("portal_approval.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    user_id: Mapped[str] = mapped_column(String(64))
    person_name: Mapped[str] = mapped_column(String(128))
    remark: Mapped[str] = mapped_column(Text, default="")
    occurred_at: Mapped[datetime]


class DeciderState(StrEnum):
    """Where somebody stands in an approval: named by its flow, asked right now, or done with their part."""

    EXPECTED = "expected"
    WAITING = "waiting"
    DONE = "done"


class ApprovalDecider(Base):
    """Somebody who has a say in an approval, as the forecast expected and the instance last told.

    They may see the request. Placeholders that DingTalk puts where nobody acted are not people and have no row.
    """

    __tablename__ = "portal_approval_decider"
    __table_args__ = (Index("ix_portal_approval_decider_user_id", "user_id", "state", "approval_id"),)

    approval_id: Mapped[int] = mapped_column(ForeignKey("portal_approval.id"), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    position: Mapped[int]
    person_name: Mapped[str] = mapped_column(String(128))
    node_name: Mapped[str] = mapped_column(String(128), default="")
    rule: Mapped[str] = mapped_column(String(32), default="")
    state: Mapped[str] = mapped_column(String(16))
