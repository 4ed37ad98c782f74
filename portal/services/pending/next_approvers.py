"""Who is asked after an approver who did not decide: of the next kind in the admin's order, never anybody twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.channels.approval_channel import ChannelName
from portal.models import Approval, Person, RequestItem
from portal.rules.approver_policy import ApproverKind
from portal.services.requests.approver_choice import PossibleApprover, who_decides


@dataclass(frozen=True, kw_only=True)
class NextApprover:
    """Somebody to be asked about these items: by which kind, why (``ChoiceReason``) and for whom on leave."""

    person: Person
    kind: str | None
    reason: str
    stands_in_for: Person | None
    items: tuple[RequestItem, ...]

    @classmethod
    def same_as(cls, approval: Approval, items: tuple[RequestItem, ...]) -> NextApprover:
        """Return the approver of an approval once more."""
        return cls(
            person=approval.approver,
            kind=approval.approver_kind,
            reason=approval.approver_reason,
            stands_in_for=approval.stands_in_for,
            items=items,
        )


def next_approvers(session: Session, approval: Approval, *, at: datetime) -> Sequence[NextApprover]:
    """Return who is asked next about the items of an approval of a request; none where any item has nobody left."""
    request = approval.request
    if request is None:
        return ()
    asked = asked_before(session, approval)
    kind = ApproverKind(approval.approver_kind) if approval.approver_kind in set(ApproverKind) else None
    items = session.scalars(
        select(RequestItem).filter_by(approval_id=approval.id).order_by(RequestItem.id)
    ).all()
    groups: dict[int, tuple[PossibleApprover, list[RequestItem]]] = {}
    for item in items:
        found = who_decides(
            session,
            requester_id=request.requester_id,
            grantee_id=request.grantee_id,
            resource=item.resource,
            at=at,
            channel=ChannelName(approval.channel),
        )
        later = found.after(kind, asked=asked)
        if not later:
            return ()
        groups.setdefault(later[0].person.id, (later[0], []))[1].append(item)
    return [
        NextApprover(
            person=who.person,
            kind=who.kind,
            reason=who.reason,
            stands_in_for=who.stands_in_for,
            items=tuple(theirs),
        )
        for who, theirs in groups.values()
    ]


def asked_before(session: Session, approval: Approval) -> frozenset[int]:
    """Return the ids of the people who were asked in vain already, those of this approval among them."""
    asked: set[int] = set()
    before: Approval | None = approval
    while before is not None:
        asked |= {each for each in (before.approver_id, before.stands_in_for_id) if each is not None}
        before = session.get(Approval, before.replaces_id) if before.replaces_id is not None else None
    return frozenset(asked)
