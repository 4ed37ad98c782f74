"""What an organization admin decides on the Approval Settings page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, event
from sqlalchemy.orm import Mapped, QueryContext, mapped_column, relationship

from portal.models.approval_template import ApprovalTemplate
from portal.models.base import Base
from portal.models.person import Person


class ApprovalSettings(Base):
    """One row. ``version`` guards against two admins overwriting each other.

    ``prefers_in_platform`` sends new requests to the in-platform channel although DingTalk is on. ``approver_kinds``
    are the default approver kinds in the order in which they are asked. Empty day counts mean never.
    ``grant_target`` delivers what resources name no target for.

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
    is_in_platform_channel_on: Mapped[bool] = mapped_column(default=False, server_default="0")
    prefers_in_platform: Mapped[bool] = mapped_column(default=False, server_default="0")
    is_data_work_entry_on: Mapped[bool] = mapped_column(default=True, server_default="1")
    is_column_entry_on: Mapped[bool] = mapped_column(default=True, server_default="1")
    approver_kinds: Mapped[list[Any]] = mapped_column(
        default=lambda: ["data_work_owner"], server_default='["data_work_owner"]'
    )
    escalates_after_days: Mapped[int | None]
    lapses_after_days: Mapped[int | None]
    nudge_pause_hours: Mapped[int] = mapped_column(default=24, server_default="24")
    usual_days: Mapped[int] = mapped_column(default=30, server_default="30")
    longest_days: Mapped[int] = mapped_column(default=366, server_default="366")
    grant_target: Mapped[str] = mapped_column(String(16), default="manual", server_default="manual")
    generation_claimed_until: Mapped[datetime | None]
    generation_claimed_by: Mapped[str | None] = mapped_column(String(128))
    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime]

    template: Mapped[ApprovalTemplate | None] = relationship(lazy="joined")
    fallback_approver: Mapped[Person | None] = relationship(foreign_keys=[fallback_approver_id])
    trial_approver: Mapped[Person | None] = relationship(foreign_keys=[trial_approver_id])


@event.listens_for(ApprovalSettings, "load")
def _hold(settings: ApprovalSettings, context: QueryContext) -> None:
    """Let a session keep the row until it ends: all ask for it, and a session forgets what nobody holds.

    What it says is as fresh as anything else: a rollback or a commit lets it be read again.
    """
    context.session.info["approval_settings"] = settings
