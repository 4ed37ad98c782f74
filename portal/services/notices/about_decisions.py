"""Notices to whoever decides in the portal: DingTalk's OA, which tells approvers of its own,
knows nothing of these.
"""

from __future__ import annotations

from datetime import datetime

from flask_babel import force_locale, gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.channels.notices import Notice
from portal.extensions import db
from portal.models import AccessRequest, Approval, Person, WorkNotice
from portal.rules.approval_state import ApprovalState
from portal.services.notices.notice_promises import NoticeKind, promise
from portal.services.notices.notice_texts import asked_lines
from portal.services.request_address import request_address
from portal.services.requests.form_items import items_of


def promise_to_decide(session: Session, approval: Approval, *, at: datetime) -> None:
    """Promise to tell the approver of a waiting approval, inside the transaction of the change.

    Passed on to somebody else it is told to them too; to the same person it is told once.
    """
    request = approval.request
    if request is None:
        return
    promise(
        session,
        NoticeKind.TO_DECIDE,
        subject=f"{request.number}/{approval.position}/{approval.approver.id}",
        request_id=request.id,
        person=approval.approver,
        at=at,
    )


def write_to_decide(notice: WorkNotice, person: Person, public_url: str) -> Notice | None:
    """Return the words; None once the approval no longer waits for this person. The subject is as promised."""
    request = db.session.get_one(AccessRequest, notice.request_id)
    position = int(notice.subject.rsplit("/", 2)[1])
    approval = db.session.scalars(select(Approval).filter_by(request_id=request.id, position=position)).one()
    if approval.state != ApprovalState.PENDING or approval.approver_id != person.id:
        return None
    with force_locale(request.language):
        return Notice(
            user_id=person.user_id or "",
            title=gettext("Your decision is asked for: %(number)s", number=request.number),
            lines=(
                gettext("%(name)s asks for access.", name=request.requester.name),
                *asked_lines(items_of(db.session(), approval)),
                gettext("Decide in the portal."),
            ),
            button=gettext("Open the request"),
            address=request_address(public_url, request.number),
        )
