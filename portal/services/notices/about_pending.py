"""Notices about requests that wait: for the colleague they are for, or for an approver who is reminded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flask_babel import force_locale, gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.channels.notices import Notice
from portal.extensions import db
from portal.models import AccessRequest, Approval, Person, RequestItem, WorkNotice
from portal.models.access_request import Acceptance
from portal.rules.approval_state import ApprovalState, is_final
from portal.services.notices.notice_promises import NoticeKind, promise
from portal.services.notices.notice_texts import asked_lines
from portal.services.request_address import request_address
from portal.services.requests.form_items import items_of

_ANSWER_OF = {NoticeKind.ASKED_FOR_YOU: Acceptance.ASKED, NoticeKind.DECLINED: Acceptance.DECLINED}


def promise_asked_for_you(session: Session, request: AccessRequest, *, at: datetime) -> None:
    """Promise, in the caller's commit, to tell the colleague that somebody asks for them."""
    _promise(session, NoticeKind.ASKED_FOR_YOU, request, person=request.grantee, at=at)


def promise_declined(session: Session, request: AccessRequest, *, at: datetime) -> None:
    """Promise, in the caller's commit, to tell the requester that their colleague does not want it."""
    _promise(session, NoticeKind.DECLINED, request, person=request.requester, at=at)


def promise_reminder(session: Session, approval: Approval, *, at: datetime) -> None:
    """Promise, in the caller's commit, to remind the approver; each reminder is a notice of its own."""
    request = approval.request
    if request is not None:
        occasion = f"{approval.position}/{approval.approver_id}/{int(at.timestamp())}"
        _promise(session, NoticeKind.REMINDER, request, person=approval.approver, at=at, occasion=occasion)


def write_about_acceptance(notice: WorkNotice, person: Person, public_url: str) -> Notice | None:
    """Return the words; None once the colleague has answered otherwise, or the request is over."""
    request, kind = db.session.get_one(AccessRequest, notice.request_id), NoticeKind(notice.kind)
    is_over = is_final(request.state) and kind == NoticeKind.ASKED_FOR_YOU
    if request.acceptance != _ANSWER_OF[kind] or is_over:
        return None
    names = {"requester": request.requester.name, "colleague": request.grantee.name, "number": request.number}
    with force_locale(request.language):
        if kind == NoticeKind.ASKED_FOR_YOU:
            title = gettext("%(requester)s asks for access for you: %(number)s", **names)
            sentence = gettext("Nobody decides before you agree. Please accept or decline.")
        else:
            title = gettext("Declined: %(number)s", **names)
            sentence = gettext("%(colleague)s does not want the access that you asked for.", **names)
        return _notice(request, request.items, person, title, sentence, public_url)


def write_reminder(notice: WorkNotice, person: Person, public_url: str) -> Notice | None:
    """Return the words; None once it is decided, or somebody else decides."""
    position, approver_id = (int(part) for part in notice.subject.split("/")[2:4])
    request = db.session.get_one(AccessRequest, notice.request_id)
    approval = db.session.scalars(select(Approval).filter_by(request_id=request.id, position=position)).one()
    if approval.state != ApprovalState.PENDING or approval.approver_id != approver_id:
        return None
    with force_locale(request.language):
        title = gettext("Reminder: %(number)s waits for you", number=request.number)
        sentence = gettext("%(requester)s asks you to decide.", requester=request.requester.name)
        items = items_of(db.session(), approval)
        return _notice(request, items, person, title, sentence, public_url)


def _promise(
    session: Session,
    kind: NoticeKind,
    request: AccessRequest,
    *,
    person: Person,
    at: datetime,
    occasion: str = "",
) -> None:
    subject = f"request/{request.number}/{occasion}"
    promise(session, kind, subject=subject, request_id=request.id, person=person, at=at)


def _notice(
    request: AccessRequest,
    items: Sequence[RequestItem],
    person: Person,
    title: str,
    sentence: str,
    public_url: str,
) -> Notice:
    return Notice(
        user_id=person.user_id or "",
        title=title,
        lines=(*asked_lines(items), sentence),
        button=gettext("Open the request"),
        address=request_address(public_url, request.number),
    )
