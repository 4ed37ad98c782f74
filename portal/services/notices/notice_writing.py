"""What a promised notice says now: each kind is worded by the module that knows what it is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from portal.channels.notices import Notice
from portal.models import Person, WorkNotice
from portal.services.notices.about_approvals import write_about_approval
from portal.services.notices.about_decisions import write_to_decide
from portal.services.notices.about_grants import write_about_grant
from portal.services.notices.about_pending import write_about_acceptance, write_reminder
from portal.services.notices.notice_promises import NoticeKind

# Given the promise, who is told, and the portal's address; returns None once it is no longer true.
Writer = Callable[[WorkNotice, Person, str], Notice | None]

WRITERS: Mapping[NoticeKind, Writer] = {
    NoticeKind.APPROVED: write_about_approval,
    NoticeKind.REJECTED: write_about_approval,
    NoticeKind.TERMINATED: write_about_approval,
    NoticeKind.NEEDS_CHOICE: write_about_approval,
    NoticeKind.COULD_NOT_START: write_about_approval,
    NoticeKind.LAPSED: write_about_approval,
    NoticeKind.ASKED_FOR_YOU: write_about_acceptance,
    NoticeKind.DECLINED: write_about_acceptance,
    NoticeKind.REMINDER: write_reminder,
    NoticeKind.TO_DECIDE: write_to_decide,
    NoticeKind.GRANT_ACTIVE: write_about_grant,
    NoticeKind.GRANT_FAILING: write_about_grant,
    NoticeKind.GRANT_ENDS_IN_A_WEEK: write_about_grant,
    NoticeKind.GRANT_ENDS_TOMORROW: write_about_grant,
    NoticeKind.GRANT_EXPIRED: write_about_grant,
    NoticeKind.GRANT_REVOKED: write_about_grant,
    NoticeKind.GRANT_TASK: write_about_grant,
}


def write(notice: WorkNotice, person: Person, *, public_url: str) -> Notice | None:
    """Return what to tell ``person``, or None once it is no longer true; a kind of another version is not told."""
    writer = WRITERS[NoticeKind(notice.kind)] if notice.kind in set(NoticeKind) else None
    return writer(notice, person, public_url) if writer else None
