"""Who has a say in an approval: expected by its flow, asked right now, or done; and who may look at it for that."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from portal.channels.approval_channel import (
    AGREEMENTS,
    REFUSALS,
    ChannelName,
    Reading,
    RecordKind,
    TurnState,
)
from portal.extensions import db
from portal.models import (
    AccessRequest,
    Approval,
    ApprovalDecider,
    ApprovalTemplate,
    Person,
    RequestItem,
    Resource,
)
from portal.models.approval import DeciderState
from portal.rules.approval_state import ApprovalState
from portal.rules.permissions import Permission
from portal.services.administered import administered_workspaces
from portal.services.decisions.decider_key import decider_key
from portal.services.decisions.standing_in import decides_for
from portal.services.outcomes.participants import Participants
from portal.services.permissions import may

_STATES = {
    TurnState.WAITING: DeciderState.WAITING,
    TurnState.PAUSED: DeciderState.EXPECTED,
    TurnState.UPCOMING: DeciderState.EXPECTED,
}
_PRESSING = {DeciderState.DONE: 0, DeciderState.EXPECTED: 1, DeciderState.WAITING: 2}
# Nobody does these without having been asked to decide, whether or not the channel still shows their turn.
_DONE_BY_DECIDERS = AGREEMENTS | REFUSALS | {RecordKind.HANDED_OVER, RecordKind.SENT_BACK}


@dataclass(frozen=True, kw_only=True)
class ExpectedDecider:
    """Somebody chosen or forecast at submission: by which node, and by which of its rules (``NodeRule``)."""

    user_id: str
    name: str
    node_name: str = ""
    rule: str = ""


def expect(session: Session, approval: Approval, people: Iterable[ExpectedDecider]) -> None:
    """Write in the caller's commit whom the flow will ask, in its order, in place of what was expected before.

    Those whom an instance has asked already stay as they are. Somebody named by two nodes is kept once.
    """
    session.add(approval)
    named = {each.user_id: each for each in reversed(list(people)) if each.user_id}
    kept = {row.user_id: row for row in approval.deciders}
    for user_id, row in list(kept.items()):
        if row.state == DeciderState.EXPECTED and user_id not in named:
            approval.deciders.remove(row)
    position = max((row.position for row in approval.deciders), default=0)
    for each in reversed(named.values()):
        known = kept.get(each.user_id)
        if known is not None and known.state != DeciderState.EXPECTED:
            continue
        position += 1
        row = known or ApprovalDecider(user_id=each.user_id, state=DeciderState.EXPECTED)
        row.position, row.person_name = position, each.name[:128]
        row.node_name, row.rule = each.node_name[:128], each.rule
        if known is None:
            approval.deciders.append(row)


def keep_deciders(approval: Approval, reading: Reading, people: Participants) -> None:
    """Write in the caller's commit whose turn it is, was and will be; who is only expected stays so."""
    states = _states(reading, people)
    rows = {row.user_id: row for row in approval.deciders}
    for row in rows.values():
        if row.state == DeciderState.WAITING and row.user_id not in states:
            row.state = DeciderState.DONE
    position = max((row.position for row in rows.values()), default=0)
    for user_id, (state, node_name) in states.items():
        if user_id not in rows:
            position += 1
            rows[user_id] = ApprovalDecider(user_id=user_id, position=position, person_name="", rule="")
            approval.deciders.append(rows[user_id])
        row = rows[user_id]
        row.state = state
        # Who was named by the flow stays at that node, also when asked at another one before it.
        if not row.rule:
            row.node_name = node_name[:128] or row.node_name or ""
        row.person_name = people.name_of(user_id)[:128] or row.person_name


def end_turns(approval: Approval) -> None:
    """Let nobody be waited for any more."""
    for row in approval.deciders:
        if row.state == DeciderState.WAITING:
            row.state = DeciderState.DONE


def is_awaited(approval: Approval, user_id: str | None) -> bool:
    """Whether it is known already that this is, or will be, somebody's turn."""
    return any(row.user_id == user_id and row.state != DeciderState.DONE for row in approval.deciders)


def may_view(person: Person, number: str, *, insiders: Collection[int], on: date) -> bool:
    """Whether somebody may look at a request: insider, somebody who decides or is expected to, or by a role.

    ``insiders`` are the requester, who gets the access, and the approvers whom the portal's policy chose; ``on`` is
    the day, for those who stand in for somebody on leave. Administrators of a workspace see what is asked of it. A
    copy of an approval gives nobody a look at its request.
    """
    if person.id in insiders or may(person, Permission.READ_EVERYTHING):
        return True
    theirs = or_(decides_about(person), stands_in(person, on=on))
    decides = select(Approval.id).where(Approval.request_id == AccessRequest.id, theirs)
    by_part = or_(decides.correlate(AccessRequest).exists(), _administers(person))
    return db.session.scalar(select(AccessRequest.id).filter_by(number=number).where(by_part)) is not None


def decides_about(person: Person, approval: type[Approval] = Approval) -> ColumnElement[bool]:
    """Hold for approvals that a person decides by the policy, or in which they are named: expected, asked or done.

    ``approval`` is the table or an alias of it.
    """
    named = exists().where(ApprovalDecider.approval_id == approval.id)
    is_here = approval.channel == ChannelName.IN_PLATFORM
    theirs = [
        approval.approver_id == person.id,
        and_(is_here, named.where(ApprovalDecider.user_id == decider_key(person.id))),
    ]
    if person.user_id is not None:
        # User ids mean nothing across organisations, and an approval stays in the one its template belongs to.
        in_theirs = exists().where(
            ApprovalTemplate.id == approval.template_id, ApprovalTemplate.corp_id == person.corp_id
        )
        theirs.append(and_(named.where(ApprovalDecider.user_id == person.user_id), in_theirs))
    return or_(*theirs)


def stands_in(person: Person, *, on: date) -> ColumnElement[bool]:
    """Hold for approvals that wait in the portal for somebody on leave whose delegate this is."""
    return and_(
        Approval.channel == ChannelName.IN_PLATFORM,
        Approval.state == ApprovalState.PENDING,
        Approval.approver_id.in_(decides_for(person.id, on=on)),
    )


def _administers(person: Person) -> ColumnElement[bool]:
    """Hold for requests that ask for something in a workspace that this person administers."""
    return (
        select(RequestItem.id)
        .join(Resource, Resource.id == RequestItem.resource_id)
        .where(
            RequestItem.request_id == AccessRequest.id,
            Resource.workspace_id.in_(administered_workspaces(person.id)),
        )
        .correlate(AccessRequest)
        .exists()
    )


def _states(reading: Reading, people: Participants) -> dict[str, tuple[DeciderState, str]]:
    """Return where everybody stands, with the node of their most pressing turn."""
    states: dict[str, tuple[DeciderState, str]] = {}
    for turn in reading.turns:
        state = _STATES.get(turn.state, DeciderState.DONE)
        known = states.get(turn.user_id)
        if people.is_person(turn.user_id) and (known is None or _PRESSING[state] >= _PRESSING[known[0]]):
            states[turn.user_id] = (state, turn.node_name)
    for record in reading.records:
        if record.kind in _DONE_BY_DECIDERS and people.is_person(record.user_id):
            states.setdefault(record.user_id, (DeciderState.DONE, ""))
    return states
