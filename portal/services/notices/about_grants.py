"""Notices about access: that it works, does not, ends, has ended, or waits for somebody to act by hand."""

from __future__ import annotations

from datetime import datetime

from flask_babel import force_locale, format_date, gettext
from sqlalchemy.orm import Session

from portal.channels.notices import Notice
from portal.extensions import db
from portal.models import Grant, Person, WorkNotice
from portal.rules.grant_state import GrantState, has_ended
from portal.rules.organisation_day import last_day_before
from portal.services.names import entitlement_name
from portal.services.notices.notice_promises import NoticeKind, promise

ENDS_SOON = (NoticeKind.GRANT_ENDS_IN_A_WEEK, NoticeKind.GRANT_ENDS_TOMORROW)


def promise_about_grant(
    session: Session, grant: Grant, kind: NoticeKind, *, person: Person, at: datetime, occasion: str = ""
) -> None:
    """Promise to tell ``person`` about a grant, inside the transaction of the change.

    ``occasion`` (short) tells apart what may happen to one grant several times.
    """
    subject = f"grant/{grant.id}/{person.id}/{occasion}"
    promise(session, kind, subject=subject, request_id=grant.request_id, person=person, at=at)


def write_about_grant(notice: WorkNotice, person: Person, public_url: str) -> Notice | None:
    """Return the words; None once they are no longer true."""
    grant = db.session.get(Grant, int(notice.subject.split("/")[1]))
    kind = NoticeKind(notice.kind)
    if grant is None or not _is_true(grant, kind):
        return None
    with force_locale(grant.request.language):
        title, sentence = _words(grant, kind)
        is_task = kind == NoticeKind.GRANT_TASK
        return Notice(
            user_id=person.user_id or "",
            title=title,
            lines=(
                gettext(
                    "%(resource)s: %(level)s",
                    resource=grant.resource.name,
                    level=entitlement_name(grant.entitlement),
                ),
                sentence,
            ),
            button=gettext("Open the task") if is_task else gettext("Open this access"),
            address=f"{public_url}/access/tasks" if is_task else f"{public_url}/access/{grant.id}",
        )


def _is_true(grant: Grant, kind: NoticeKind) -> bool:
    if kind == NoticeKind.GRANT_ACTIVE:
        return grant.state == GrantState.ACTIVE and grant.ending is None
    if kind == NoticeKind.GRANT_FAILING:
        return grant.state == GrantState.FAILING and grant.ending is None
    if kind in ENDS_SOON:
        return grant.ending is None and not has_ended(grant.state)
    if kind == NoticeKind.GRANT_TASK:
        return grant.task_at is not None
    wanted = {NoticeKind.GRANT_EXPIRED: GrantState.EXPIRED, NoticeKind.GRANT_REVOKED: GrantState.REVOKED}
    return wanted[kind] in (grant.ending, grant.state)


def _words(grant: Grant, kind: NoticeKind) -> tuple[str, str]:
    number, name = grant.request.number, grant.resource.name
    if kind == NoticeKind.GRANT_TASK and grant.ending is not None:
        return (
            gettext("Take access away: %(resource)s", resource=name),
            gettext(
                "%(person)s's access has ended. Please take it away in the BI tool.", person=grant.person.name
            ),
        )
    if kind == NoticeKind.GRANT_TASK:
        return (
            gettext("Give access: %(resource)s", resource=name),
            gettext(
                "Request %(number)s of %(person)s was approved. Please give the access in the BI tool.",
                number=number,
                person=grant.person.name,
            ),
        )
    words = {
        NoticeKind.GRANT_ACTIVE: (
            gettext("You have access: %(resource)s", resource=name),
            gettext("What you asked for by request %(number)s works now.", number=number),
        ),
        NoticeKind.GRANT_FAILING: (
            gettext("Access is delayed: %(resource)s", resource=name),
            gettext(
                "Request %(number)s is approved, but the access could not be given yet. Its page says why.",
                number=number,
            ),
        ),
        NoticeKind.GRANT_ENDS_IN_A_WEEK: (
            gettext("Access ends in a week: %(resource)s", resource=name),
            _until(grant),
        ),
        NoticeKind.GRANT_ENDS_TOMORROW: (
            gettext("Access ends in a day: %(resource)s", resource=name),
            _until(grant),
        ),
        NoticeKind.GRANT_EXPIRED: (
            gettext("Access has ended: %(resource)s", resource=name),
            gettext(
                "The time that was approved by request %(number)s is over. You can ask again.", number=number
            ),
        ),
        NoticeKind.GRANT_REVOKED: (
            gettext("Access was taken away: %(resource)s", resource=name),
            gettext("Its page says who took it away and why."),
        ),
    }
    return words[kind]


def _until(grant: Grant) -> str:
    if grant.expires_at is None:  # what has no end is never announced
        return ""
    return gettext(
        "It works until %(day)s. If you need it for longer, renew it now: it has to be approved again.",
        day=format_date(last_day_before(grant.expires_at), "long"),
    )
