"""The Approval Settings page: what is switched on, which template is associated, who decides as a fallback."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.grants.grant_target import TargetName
from portal.models import ApprovalSettings, ApprovalTemplate, DingTalkApp, Person
from portal.models.callback_event import EventRoad
from portal.rules.approver_policy import ApproverKind
from portal.services.audit import Actor, record
from portal.services.faults import FieldFault, Problem, ProblemReason
from portal.services.notices.notice_promises import NoticeKind
from portal.services.people import People
from portal.services.starting.unstarted_resumption import Resumption
from portal.services.templates.template_flow import wake_check

SHORTEST_KEPT_DAYS, LONGEST_KEPT_DAYS = 1, 3650
LARGEST_QUOTA = 10_000_000
# DingTalk pushes by one of these; its list of failed pushes is read beside either.
ROADS_TO_CHOOSE = (EventRoad.CALLBACK, EventRoad.STREAM)


@dataclass(frozen=True, kw_only=True)
class Switches:
    """The check boxes; ``version`` is what the admin saw.

    Ticking ``prefers_in_platform`` switches the in-platform channel on; unticking the channel ends the preference.
    """

    is_enabled: bool
    is_dingtalk_channel_on: bool
    version: int
    is_in_platform_channel_on: bool = False
    prefers_in_platform: bool = False


@dataclass(frozen=True, kw_only=True)
class ApprovalSettingsService:
    """Reads and changes the one settings row."""

    clock: Clock
    people: People
    resumption: Resumption

    def current(self) -> ApprovalSettings:
        """Return the settings; before the first save, the defaults (not stored)."""
        return db.session.get(ApprovalSettings, 1) or _defaults(self.clock)

    def save_switches(self, actor: Actor, switches: Switches) -> None:
        """Store the check boxes; raises ``Problem(SETTINGS_CHANGED)`` when another admin was faster."""
        with self._change(switches.version) as (session, row):
            before = _switched(row)
            row.is_enabled = switches.is_enabled
            row.is_dingtalk_channel_on = switches.is_dingtalk_channel_on
            is_newly_preferred = switches.prefers_in_platform and not row.prefers_in_platform
            row.is_in_platform_channel_on = switches.is_in_platform_channel_on or is_newly_preferred
            row.prefers_in_platform = switches.prefers_in_platform and row.is_in_platform_channel_on
            self._record(session, actor, "approval_settings.switched", before, _switched(row))

    def prefer_portal(self, actor: Actor, *, is_preferred: bool, version: int) -> None:
        """Decide new requests in the portal for now although DingTalk is on, or no longer.

        Switches the in-platform channel on where it is not; running approvals stay where they are. Raises
        ``Problem(SETTINGS_CHANGED)``.
        """
        with self._change(version) as (session, row):
            before = _switched(row)
            row.is_in_platform_channel_on = row.is_in_platform_channel_on or is_preferred
            row.prefers_in_platform = is_preferred
            self._record(session, actor, "approval_settings.switched", before, _switched(row))

    def associate(self, actor: Actor, *, template_id: int, version: int) -> None:
        """Confirm a template: requests use it from now on, and the DingTalk channel is switched on.

        Requests that this template could not start are sent off again, in the same commit.
        """
        with self._change(version) as (session, row):
            template = session.get(ApprovalTemplate, template_id)
            if template is None or template.corp_id != _corp_id(session):
                raise FieldFault("template", "unknown")
            before = {"process_code": row.template.process_code if row.template else None}
            row.template = template
            row.is_dingtalk_channel_on = True
            wake_check(session, at=self.clock.now())
            self._record(
                session,
                actor,
                "approval_template.associated",
                before,
                {"process_code": template.process_code, "name": template.name, "mode": template.mode},
            )
            session.flush()  # so that the settings name the template
            self.resumption.resume(session, template, at=self.clock.now())

    def choose_fallback_approver(self, actor: Actor, *, user_id: str, version: int) -> None:
        """Set who decides where the owner cannot; raises ``FieldFault`` for somebody not active."""
        person_id = self.people.remember(user_id)
        with self._change(version) as (session, row):
            before = {"name": row.fallback_approver.name if row.fallback_approver else None}
            row.fallback_approver = session.get_one(Person, person_id)
            self._record(
                session, actor, "fallback_approver.chosen", before, {"name": row.fallback_approver.name}
            )

    def keep_payloads_for(self, actor: Actor, *, days: int | None, version: int) -> None:
        """Set for how many days raw events are kept once they are done with.

        Raises ``FieldFault`` outside of 1 to 3650 days, ``Problem(SETTINGS_CHANGED)``.
        """
        if days is None or not SHORTEST_KEPT_DAYS <= days <= LONGEST_KEPT_DAYS:
            raise FieldFault(
                "payload_kept_days", "too_far", first=str(SHORTEST_KEPT_DAYS), last=str(LONGEST_KEPT_DAYS)
            )
        with self._change(version) as (session, row):
            before = {"payload_kept_days": row.payload_kept_days}
            row.payload_kept_days = days
            self._record(
                session,
                actor,
                "approval_settings.retention_set",
                before,
                {"payload_kept_days": row.payload_kept_days},
            )

    def switch_notices(self, actor: Actor, *, off: Collection[NoticeKind], version: int) -> None:
        """Set which work notices are not sent; raises ``Problem(SETTINGS_CHANGED)``."""
        with self._change(version) as (session, row):
            before = {"notices_off": list(row.notices_off)}
            row.notices_off = sorted(kind.value for kind in off)
            self._record(
                session,
                actor,
                "approval_settings.notices_switched",
                before,
                {"notices_off": list(row.notices_off)},
            )

    def set_monthly_quota(self, actor: Actor, *, calls: int | None, version: int) -> None:
        """Set how many calls a month the organisation's edition of DingTalk allows.

        Raises ``FieldFault`` outside of 1 to 10,000,000, ``Problem(SETTINGS_CHANGED)``.
        """
        if calls is None or not 1 <= calls <= LARGEST_QUOTA:
            raise FieldFault("monthly_call_quota", "out_of_range")
        with self._change(version) as (session, row):
            before = {"monthly_call_quota": row.monthly_call_quota}
            row.monthly_call_quota = calls
            self._record(session, actor, "approval_settings.quota_set", before, {"monthly_call_quota": calls})

    def choose_event_road(self, actor: Actor, road: EventRoad, *, version: int) -> None:
        """Set by which road events are expected; what comes by the other one is taken in too.

        Raises ``Problem(SETTINGS_CHANGED)``.
        """
        if road not in ROADS_TO_CHOOSE:
            raise FieldFault("event_road", "unknown")
        with self._change(version) as (session, row):
            before = {"event_road": row.event_road}
            row.event_road = road.value
            self._record(session, actor, "event_road.chosen", before, {"event_road": row.event_road})

    def template(self, template_id: int) -> ApprovalTemplate | None:
        """Return a template kept for the bound organisation, associated or not."""
        found = db.session.get(ApprovalTemplate, template_id)
        return found if found is not None and found.corp_id == _corp_id(db.session()) else None

    def bypass_acknowledged_by(self, template: ApprovalTemplate | None) -> str:
        """Return the name of who accepted that this template's people are passed over; empty if nobody had to."""
        person_id = template.bypass_acknowledged_by_id if template else None
        return db.session.get_one(Person, person_id).name if person_id is not None else ""

    @contextmanager
    def _change(self, version: int) -> Iterator[tuple[Session, ApprovalSettings]]:
        with transaction() as session:
            row = stored_settings(session, self.clock)
            if row.version != version:
                raise Problem(ProblemReason.SETTINGS_CHANGED)
            row.version += 1
            row.updated_at = self.clock.now()
            yield session, row

    def _record(
        self,
        session: Session,
        actor: Actor,
        action: str,
        before: dict[str, Any],
        after: dict[str, Any],
    ) -> None:
        record(
            session,
            actor,
            action,
            at=self.clock.now(),
            subject=("approval_settings", 1),
            before=before,
            after=after,
        )


def stored_settings(session: Session, clock: Clock) -> ApprovalSettings:
    """Return the settings row inside a transaction, making it on first use."""
    row = _locked(session)
    if row is None:
        try:
            with session.begin_nested():
                session.add(_defaults(clock))
        except IntegrityError:
            pass  # another admin saved for the first time at the same moment (PostgreSQL)
        row = _locked(session)
    assert row is not None  # noqa: S101  it was there or was just made
    return row


def _locked(session: Session) -> ApprovalSettings | None:
    return session.get(ApprovalSettings, 1, with_for_update={"of": ApprovalSettings})


def _defaults(clock: Clock) -> ApprovalSettings:
    return ApprovalSettings(
        id=1,
        is_enabled=False,
        is_dingtalk_channel_on=False,
        is_in_platform_channel_on=False,
        prefers_in_platform=False,
        monthly_call_quota=5000,
        payload_kept_days=30,
        event_road=EventRoad.CALLBACK.value,
        notices_off=[],
        is_data_work_entry_on=True,
        is_column_entry_on=True,
        approver_kinds=[ApproverKind.DATA_WORK_OWNER.value],
        nudge_pause_hours=24,
        usual_days=30,
        longest_days=366,
        grant_target=TargetName.MANUAL.value,
        version=1,
        updated_at=clock.now(),
    )


def _switched(row: ApprovalSettings) -> dict[str, Any]:
    return {
        "is_enabled": row.is_enabled,
        "is_dingtalk_channel_on": row.is_dingtalk_channel_on,
        "is_in_platform_channel_on": row.is_in_platform_channel_on,
        "prefers_in_platform": row.prefers_in_platform,
    }


def _corp_id(session: Session) -> str | None:
    app = session.get(DingTalkApp, 1)
    return app.corp_id if app else None
