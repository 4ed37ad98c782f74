"""Notices to a requester about what has become of an approval."""

from __future__ import annotations

from sqlalchemy import select

from portal.channels.notices import Notice
from portal.extensions import db
from portal.models import AccessRequest, Approval, Person, WorkNotice
from portal.services.notices.notice_promises import NoticeKind, news_of
from portal.services.notices.notice_texts import notice_about
from portal.services.request_address import request_address
from portal.services.requests.form_items import items_of


def write_about_approval(notice: WorkNotice, person: Person, public_url: str) -> Notice | None:
    """Return the words; None once the approval has gone on since. The subject is number/position/attempt."""
    request = db.session.get_one(AccessRequest, notice.request_id)
    position, attempt = (int(part) for part in notice.subject.rsplit("/", 2)[1:])
    approval = db.session.scalars(select(Approval).filter_by(request_id=request.id, position=position)).one()
    if news_of(approval) != notice.kind or approval.attempt != attempt:
        return None
    address = request_address(public_url, request.number)
    items = items_of(db.session(), approval)
    kind = NoticeKind(notice.kind)
    return notice_about(request, kind, items=items, person=person, attempt=attempt, address=address)
