"""What happened to a request, line by line, in an order that DingTalk's minutes cannot give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext, ngettext

from portal.channels.approval_channel import REFUSALS, RecordKind
from portal.models import AccessRequest, Approval
from portal.models.access_request import Acceptance
from portal.rules.approval_state import OWN_ENDS, ApprovalState, is_final
from portal.services.outcomes.approval_records import ToldRecord, told_in
from portal.services.outcomes.gone_instances import is_gone
from portal.web.access_requests.notices import counts_for_nothing
from portal.web.access_requests.whose_turn import is_here, is_sent_back, turns_in
from portal.web.words.records import name_list, record_words
from portal.web.words.states import ended_by, gone_badge, state_badge

A_DAY = timedelta(days=1)
_ENDED_BY_SOMEBODY = (ApprovalState.WITHDRAWN, ApprovalState.TERMINATED)
# The start and the end have lines of their own.
_TOLD_ELSEWHERE = (RecordKind.SUBMITTED, RecordKind.FINISHED)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the timeline; ``kind`` selects its look."""

    kind: str
    title: str
    at: datetime | None = None
    by: str = ""
    remark: str = ""


def timeline_of(request: AccessRequest) -> Iterator[Entry]:
    """Yield what happened, first things first, and where each approval stands."""
    replaced = {each.replaces_id for each in request.approvals if each.replaces_id is not None}
    yield from _beginning(request)
    for approval in request.approvals:
        if approval.id is None or approval.id not in replaced:
            yield from _of_approval(request, approval)


def timeline_of_approval(request: AccessRequest, approval: Approval) -> Iterator[Entry]:
    """Yield what happened to one approval, with those that it replaced."""
    yield from _beginning(request)
    yield from _of_approval(request, approval)


def _beginning(request: AccessRequest) -> Iterator[Entry]:
    yield Entry(
        kind="success", title=gettext("Submitted"), at=request.submitted_at, by=request.requester.name
    )
    if request.acceptance == Acceptance.ACCEPTED:
        yield Entry(
            kind="success", title=gettext("Accepted"), at=request.answered_at, by=request.grantee.name
        )
    elif request.acceptance == Acceptance.DECLINED:
        yield Entry(
            kind="neutral", title=gettext("Declined"), at=request.answered_at, by=request.grantee.name
        )


def _of_approval(request: AccessRequest, approval: Approval) -> Iterator[Entry]:
    earlier = next((each for each in request.approvals if each.id == approval.replaces_id), None)
    if approval.replaces_id is not None and earlier is not None:
        yield from _of_approval(request, earlier)
        yield _passed_on(request, earlier, approval)
    if approval.started_at is not None and not is_here(approval):
        yield Entry(kind="success", title=gettext("Started in DingTalk"), at=approval.started_at)
    yield from _happened(approval, requester=request.requester.name)
    if approval.nudged_at is not None:
        title = gettext("%(name)s was reminded", name=approval.approver.name)
        yield Entry(kind="neutral", title=title, at=approval.nudged_at)
    yield from _where_it_stands(request, approval)


def _passed_on(request: AccessRequest, earlier: Approval, approval: Approval) -> Entry:
    began_at = earlier.started_at or request.submitted_at
    ended_at = earlier.closed_at or began_at
    days = max(1, round((ended_at - began_at) / A_DAY))
    title = ngettext(
        "Nobody decided within %(num)s day; %(name)s was asked instead",
        "Nobody decided within %(num)s days; %(name)s was asked instead",
        days,
        name=approval.approver.name,
    )
    return Entry(kind="warning", title=title, at=earlier.closed_at)


def _happened(approval: Approval, *, requester: str) -> Iterator[Entry]:
    """Yield DingTalk's records in its order, with the portal's own entry at the one place where it can belong."""
    records, asked_at = told_in(approval), approval.withdrawal_requested_at
    asked = None
    if asked_at and approval.withdrawal_purpose is None:
        asked = Entry(kind="neutral", title=gettext("Withdrawal asked for"), at=asked_at, by=requester)
    for told in records:
        if asked and asked_at and _comes_after(told, asked_at):
            yield asked
            asked = None
        if _is_told(told, approval):
            yield _entry(told)
    if asked:
        yield asked


def _comes_after(told: ToldRecord, asked_at: datetime) -> bool:
    # Within the same minute only the end is known to have come after it was asked for.
    minute = asked_at.replace(second=0, microsecond=0)
    return told.occurred_at > minute or told.kind == RecordKind.WITHDRAWN


def _is_told(told: ToldRecord, approval: Approval) -> bool:
    if told.kind == RecordKind.WITHDRAWN and approval.state in (*_ENDED_BY_SOMEBODY, *OWN_ENDS):
        return False  # the outcome says who ended it
    if told.kind == RecordKind.OTHER:
        return bool(told.who or told.remark or told.label)
    return told.kind not in _TOLD_ELSEWHERE


def _entry(told: ToldRecord) -> Entry:
    kind, title = record_words(told)
    # DingTalk may tell no time; the channel then gives the beginning of time
    at = told.occurred_at if told.occurred_at.year > 1970 else None
    return Entry(kind=kind, title=title, at=at, remark=told.remark)


def _where_it_stands(request: AccessRequest, approval: Approval) -> Iterator[Entry]:
    kind, title = state_badge(approval.state, is_here=is_here(approval))
    if is_gone(approval):
        gone_kind, gone_title = gone_badge()
        yield Entry(kind=gone_kind, title=gone_title)
    elif approval.state == ApprovalState.PENDING:
        yield from _whose_turn(approval, kind=kind)
    elif approval.state == ApprovalState.SUBMITTED:
        yield Entry(kind=kind, title=gettext("To be started in DingTalk"))
    elif approval.state == ApprovalState.AWAITING_ACCEPTANCE:
        title = gettext("Waiting for %(name)s to accept it", name=request.grantee.name)
        yield Entry(kind=kind, title=title)
    elif not is_final(approval.state):
        yield Entry(kind=kind, title=title)
    elif approval.state == ApprovalState.ESCALATED:
        return  # what replaced it says so
    elif approval.state == ApprovalState.WITHDRAWN and request.acceptance == Acceptance.DECLINED:
        return  # said at the beginning
    elif counts_for_nothing(approval):
        yield Entry(kind="danger", title=gettext("Does not count"), at=approval.closed_at)
    else:
        last = _end(approval)
        who, remark = (last.who, last.remark) if last else ("", "")
        if approval.state == ApprovalState.REJECTED:
            remark = ""  # it stands with the refusal
        yield Entry(kind=kind, title=ended_by(approval.state, who), at=approval.closed_at, remark=remark)


def _end(approval: Approval) -> ToldRecord | None:
    """Return the record that ended the approval, where one did."""
    ending = {RecordKind.WITHDRAWN} if approval.state in _ENDED_BY_SOMEBODY else REFUSALS
    if approval.state == ApprovalState.APPROVED:
        return None  # several may have agreed, and each has a line
    return next((told for told in reversed(told_in(approval)) if told.kind in ending), None)


def _whose_turn(approval: Approval, *, kind: str) -> Iterator[Entry]:
    turns = turns_in(approval)
    if is_sent_back(approval):
        title = gettext("Waiting for %(name)s to submit it again", name=approval.requester.name)
        yield Entry(kind=kind, title=title)
    elif turns.waiting:
        yield Entry(kind=kind, title=gettext("Waiting for %(name)s", name=name_list(turns.waiting)))
    else:
        yield Entry(kind=kind, title=gettext("Waiting for a decision in DingTalk"))
    if turns.later:
        title = gettext("Then it is the turn of %(names)s", names=name_list(turns.later))
        yield Entry(kind="neutral", title=title)
