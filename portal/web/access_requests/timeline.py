"""What happened to a request, line by line, in an order that DingTalk's minutes cannot give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext

from portal.channels.approval_channel import REFUSALS, RecordKind
from portal.models import AccessRequest, Approval
from portal.rules.approval_state import ApprovalState, is_final
from portal.services.outcomes.approval_records import ToldRecord, told_in
from portal.services.outcomes.gone_instances import is_gone
from portal.web.access_requests.notices import counts_for_nothing
from portal.web.access_requests.whose_turn import is_sent_back, turns_in
from portal.web.words.records import name_list, record_words
from portal.web.words.states import ended_by, gone_badge, state_badge

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
    yield Entry(
        kind="success", title=gettext("Submitted"), at=request.submitted_at, by=request.requester.name
    )
    for approval in request.approvals:
        if approval.started_at is not None:
            yield Entry(kind="success", title=gettext("Started in DingTalk"), at=approval.started_at)
        yield from _happened(approval, requester=request.requester.name)
        yield from _where_it_stands(approval)


def _happened(approval: Approval, *, requester: str) -> Iterator[Entry]:
    """Yield DingTalk's records in its order, with the portal's own entry at the one place where it can belong."""
    records, asked_at = told_in(approval), approval.withdrawal_requested_at
    asked = asked_at and Entry(
        kind="neutral", title=gettext("Withdrawal asked for"), at=asked_at, by=requester
    )
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
    if told.kind == RecordKind.WITHDRAWN and approval.state in _ENDED_BY_SOMEBODY:
        return False  # the outcome says who ended it
    if told.kind == RecordKind.OTHER:
        return bool(told.who or told.remark or told.label)
    return told.kind not in _TOLD_ELSEWHERE


def _entry(told: ToldRecord) -> Entry:
    kind, title = record_words(told)
    # DingTalk may tell no time; the channel then gives the beginning of time
    at = told.occurred_at if told.occurred_at.year > 1970 else None
    return Entry(kind=kind, title=title, at=at, remark=told.remark)


def _where_it_stands(approval: Approval) -> Iterator[Entry]:
    kind, title = state_badge(approval.state)
    if is_gone(approval):
        gone_kind, gone_title = gone_badge()
        yield Entry(kind=gone_kind, title=gone_title)
    elif approval.state == ApprovalState.PENDING:
        yield from _whose_turn(approval, kind=kind)
    elif approval.state == ApprovalState.SUBMITTED:
        yield Entry(kind=kind, title=gettext("To be started in DingTalk"))
    elif not is_final(approval.state):
        yield Entry(kind=kind, title=title)
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
