"""Deciding in the portal: one approval, or many at once, each in a transaction of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.channels.approval_channel import ChannelName, RecordKind
from portal.clock import Clock
from portal.database import transaction
from portal.models import Approval, ApprovalDecider, Person
from portal.models.approval import DeciderState
from portal.rules.approval_state import ApprovalState, is_final
from portal.rules.organisation_day import organisation_day
from portal.services.approval_rows import move, sum_up_request
from portal.services.audit import Actor, record
from portal.services.decisions.decider_key import decider_key
from portal.services.decisions.standing_in import may_decide_for
from portal.services.faults import FieldFault, NotThere, Problem, ProblemReason
from portal.services.grants.grant_making import make_grants
from portal.services.notices.notice_promises import promise_notice
from portal.services.outcomes.approval_records import add_record
from portal.services.outcomes.deciders import end_turns
from portal.services.permissions import require_change

log = structlog.get_logger(__name__)

LONGEST_REASON = 2000
# At once from one page: more would keep a person waiting, and SQLite's only write lock busy.
MOST_TOGETHER = 100


class Verdict(StrEnum):
    """What somebody says to an approval."""

    APPROVE = "approve"
    REJECT = "reject"


_STATES = {Verdict.APPROVE: ApprovalState.APPROVED, Verdict.REJECT: ApprovalState.REJECTED}
_RECORDS = {
    (Verdict.APPROVE, False): RecordKind.AGREED,
    (Verdict.APPROVE, True): RecordKind.DEPUTY_AGREED,
    (Verdict.REJECT, False): RecordKind.REFUSED,
    (Verdict.REJECT, True): RecordKind.DEPUTY_REFUSED,
}


@dataclass(frozen=True, kw_only=True)
class Decided:
    """What came of one approval among many: ``problem`` says why nothing did, None where it is decided so now.

    ``number`` is the request's, empty where the person may not know of it.
    """

    approval_id: int
    number: str
    problem: Problem | None = None
    is_theirs: bool = True


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """Takes decisions about approvals of the in-platform channel."""

    clock: Clock

    def decide(
        self, actor: Actor, person: Person, approval_id: int, *, verdict: Verdict, reason: str = ""
    ) -> str:
        """Decide, and return the number of the request; the same decision of the same person again changes nothing.

        Raises ``FieldFault("decision_reason", …)`` for a rejection without a reason, ``NotThere`` where it is not
        theirs to decide, and ``Problem``: ``ALREADY_DECIDED`` (``name`` says by whom), ``ALREADY_CLOSED``,
        ``NOT_YOUR_OWN`` or ``NOTHING_TO_DECIDE``. ``OnlyReads`` for an auditor.
        """
        require_change(person)
        reason, person_id = _checked(reason, verdict=verdict), person.id
        with transaction() as session:
            approval, decider = self._to_decide(session, approval_id, session.get_one(Person, person_id))
            number = approval.number
            if is_final(approval.state):
                _check_sameness(approval, decider, verdict)
            else:
                self._decide(session, actor, approval, decider, verdict=verdict, reason=reason)
        return number

    def decide_all(
        self,
        actor: Actor,
        person: Person,
        approval_ids: Sequence[int],
        *,
        verdict: Verdict,
        reason: str = "",
    ) -> tuple[Decided, ...]:
        """Decide at most ``MOST_TOGETHER`` approvals alike, each by itself, and return what came of each in order.

        What keeps one from being decided keeps back no other. Raises ``FieldFault`` for the reason.
        """
        reason, person_id = _checked(reason, verdict=verdict), person.id
        results = []
        for approval_id in list(dict.fromkeys(approval_ids))[:MOST_TOGETHER]:
            try:
                number = self.decide(actor, person, approval_id, verdict=verdict, reason=reason)
                results.append(Decided(approval_id=approval_id, number=number))
            except Problem as problem:
                number = problem.facts.get("number", "")
                results.append(Decided(approval_id=approval_id, number=number, problem=problem))
            except NotThere:
                results.append(Decided(approval_id=approval_id, number="", is_theirs=False))
        log.info("approvals.decided_together", person=person_id, approvals=len(results))
        return tuple(results)

    def _to_decide(self, session: Session, approval_id: int, person: Person) -> tuple[Approval, Person]:
        approval = locked_in_platform(session, approval_id)
        request = approval.request
        assert request is not None  # noqa: S101  approvals of Tests are DingTalk's
        on = organisation_day(self.clock.now())
        is_theirs = person.id == approval.decided_by_id or may_decide_for(
            session, person.id, approval.approver_id, on=on
        )
        if not is_theirs or not person.is_active:
            raise NotThere
        if person.id in (request.requester_id, request.grantee_id):
            raise Problem(ProblemReason.NOT_YOUR_OWN, number=request.number)
        if not is_final(approval.state) and approval.state != ApprovalState.PENDING:
            raise Problem(ProblemReason.NOTHING_TO_DECIDE, number=request.number)
        return approval, person

    def _decide(
        self,
        session: Session,
        actor: Actor,
        approval: Approval,
        decider: Person,
        *,
        verdict: Verdict,
        reason: str,
    ) -> None:
        now, is_deputy = self.clock.now(), decider.id != approval.approver_id
        move(approval, _STATES[verdict])
        approval.closed_at, approval.due_at = now, None
        approval.decided_by_id, approval.decision_reason = decider.id, reason
        add_record(
            approval,
            kind=_RECORDS[verdict, is_deputy],
            who=(decider_key(decider.id), decider.name),
            others=((decider_key(approval.approver_id), approval.approver.name),) if is_deputy else (),
            remark=reason,
            at=now,
        )
        end_turns(approval)
        if is_deputy:
            _has_decided(approval, decider)
        sum_up_request(approval.request, at=now)
        promise_notice(session, approval, at=now)
        if verdict == Verdict.APPROVE:
            make_grants(session, approval, at=now)
        record(
            session,
            actor,
            "approval.decided",
            at=now,
            subject=("approval", approval.number),
            before={"state": ApprovalState.PENDING},
            after={
                "state": approval.state,
                "position": approval.position,
                **({"in_place_of": approval.approver.name} if is_deputy else {}),
            },
        )
        log.info("approval.decided", state=approval.state, number=approval.number)


def locked_in_platform(session: Session, approval_id: int) -> Approval:
    """Return an approval of a request that is decided in the portal, kept from others until the transaction ends.

    Raises ``NotThere``.
    """
    approval = session.scalar(
        select(Approval)
        .where(
            Approval.id == approval_id,
            Approval.channel == ChannelName.IN_PLATFORM,
            Approval.request_id.is_not(None),
        )
        .with_for_update(of=Approval)
    )
    if approval is None:
        raise NotThere
    return approval


def _check_sameness(approval: Approval, decider: Person, verdict: Verdict) -> None:
    if approval.decided_by is None:
        raise Problem(ProblemReason.ALREADY_CLOSED, number=approval.number)
    if approval.decided_by_id != decider.id or approval.state != _STATES[verdict]:
        raise Problem(ProblemReason.ALREADY_DECIDED, number=approval.number, name=approval.decided_by.name)


def _has_decided(approval: Approval, person: Person) -> None:
    key = decider_key(person.id)
    row = next((each for each in approval.deciders if each.user_id == key), None)
    if row is None:
        position = max((each.position for each in approval.deciders), default=0) + 1
        row = ApprovalDecider(user_id=key, position=position)
        approval.deciders.append(row)
    row.person_name, row.state = person.name[:128], DeciderState.DONE


def _checked(reason: str, *, verdict: Verdict) -> str:
    reason = reason.replace("\x00", "").strip()
    if verdict == Verdict.REJECT and not reason:
        raise FieldFault("decision_reason", "missing")
    if len(reason) > LONGEST_REASON:
        raise FieldFault("decision_reason", "too_long", limit=str(LONGEST_REASON))
    return reason
