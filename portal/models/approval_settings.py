"""What an organization admin decides on the Approval Settings page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.approval_template import ApprovalTemplate
from portal.models.base import Base
from portal.models.person import Person


class ApprovalSettings(Base):
    """One row. ``version`` guards against two admins overwriting each other.

    ``event_road`` is how DingTalk's events reach us (``callback`` or ``stream``), ``notices_off`` the kinds of work
    notices that are not sent. ``monthly_call_quota`` is what DingTalk's edition allows;
    ``calls_stopped_until`` is set while it is used up.
    """

    __tablename__ = "portal_approval_settings"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    is_enabled: Mapped[bool] = mapped_column(default=False)
    is_dingtalk_channel_on: Mapped[bool] = mapped_column(default=False)
    template_id: Mapped[int | None] = mapped_column(ForeignKey("portal_approval_template.id"))
    fallback_approver_id: Mapped[int | None] = mapped_column(ForeignKey("portal_person.id"))
    trial_approver_id: Mapped[int | None] = mapped_column(ForeignKey("portal_person.id"))
    monthly_call_quota: Mapped[int] = mapped_column(default=5000, server_default="5000")
    calls_stopped_until: Mapped[datetime | None]
    payload_kept_days: Mapped[int] = mapped_column(default=30, server_default="30")
    event_road: Mapped[str] = mapped_column(String(24), default="callback", server_default="callback")
    notices_off: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    generation_claimed_until: Mapped[datetime | None]
    generation_claimed_by: Mapped[str | None] = mapped_column(String(128))
    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime]

    template: Mapped[ApprovalTemplate | None] = relationship(lazy="joined")
    fallback_approver: Mapped[Person | None] = relationship(foreign_keys=[fallback_approver_id])
    trial_approver: Mapped[Person | None] = relationship(foreign_keys=[trial_approver_id])
