"""What the status page says about a request: rows in, words out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext

from portal.channels.approval_channel import RecordKind
from portal.channels.dingtalk.call_counting import QUOTA_EXHAUSTED
from portal.models import AccessRequest, Approval, ApprovalRecord, Person
from portal.rules.approval_state import ApprovalState, is_final
from portal.web.access_requests.notices import Notice, is_self_approved, notices_about, web_address
from portal.web.words.records import record_words
from portal.web.words.states import (
    state_badge,
    state_sentence,
    waiting_sentence,
    withdrawing_badge,
    withdrawing_sentence,
)

_WAITS_FOR_THE_REQUESTER = (ApprovalState.COULD_NOT_START, ApprovalState.NEEDS_CHOICE)
_ENDED_BY_SOMEBODY = (ApprovalState.WITHDRAWN, ApprovalState.TERMINATED)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the timeline; ``kind`` selects its look."""

    kind: str
    title: str
    at: datetime | None = None
    by: str = ""
    remark: str = ""


@dataclass(frozen=True, kw_only=True)
class RequestStatus:
    """All that the partial shows; ``version`` changes whenever any of it does."""

    request: AccessRequest
    badge: tuple[str, str]
    sentence: str
    notices: tuple[Notice, ...]
    timeline: tuple[Entry, ...]
    links: tuple[str, ...]
    version: str
    can_change: bool
    can_withdraw: bool
    can_try_again: bool


def status_of(request: AccessRequest, *, viewer: Person, are_calls_stopped: bool) -> RequestStatus:
    """Return what ``viewer`` is shown about ``request``; while calls are stopped nothing is about to start."""
    is_theirs = request.requester_id == viewer.id
    states = {approval.state for approval in request.approvals}
    return RequestStatus(
        request=request,
        badge=badge_of(request),
        sentence=_sentence(request, are_calls_stopped=are_calls_stopped),
        notices=tuple(notice for approval in request.approvals for notice in notices_about(approval, viewer)),
        timeline=tuple(_timeline(request)),
        links=tuple(filter(None, (web_address(each.instance_url) for each in request.approvals))),
        version=version_of(request),
        can_change=any(not is_final(state) and state not in _WAITS_FOR_THE_REQUESTER for state in states),
        can_withdraw=is_theirs and not is_final(request.state) and not _is_withdrawing(request),
        can_try_again=is_theirs and ApprovalState.COULD_NOT_START in states,
    )


def version_of(request: AccessRequest) -> str:
    """Return a short text that differs whenever the request's approvals differ."""
    return ".".join(str(approval.version) for approval in request.approvals)


def badge_of(request: AccessRequest) -> tuple[str, str]:
    """Return the kind and the text of the badge for a whole request."""
    if any(is_self_approved(approval) for approval in request.approvals):
        return "danger", gettext("Does not count")
    return withdrawing_badge() if _is_withdrawing(request) else state_badge(request.state)


def _sentence(request: AccessRequest, *, are_calls_stopped: bool) -> str:
    if any(is_self_approved(approval) for approval in request.approvals):
        return str(gettext("Agreed only by the requester: it does not count and gives no access."))
    if _is_withdrawing(request):
        return withdrawing_sentence(request.state)
    waiting_for = [each.failure["kind"] for each in request.approvals if each.failure]
    if are_calls_stopped:
        waiting_for.insert(0, QUOTA_EXHAUSTED)
    if request.state == ApprovalState.SUBMITTED and waiting_for:
        return waiting_sentence(waiting_for[0])
    return state_sentence(request.state)


def _is_withdrawing(request: AccessRequest) -> bool:
    return any(
        approval.withdrawal_requested_at is not None and not is_final(approval.state)
        for approval in request.approvals
    )


def _timeline(request: AccessRequest) -> Iterator[Entry]:
    yield Entry(
        kind="success", title=gettext("Submitted"), at=request.submitted_at, by=request.requester.name
    )
    for approval in request.approvals:
        if approval.started_at is not None:
            yield Entry(kind="success", title=gettext("Started in DingTalk"), at=approval.started_at)
        yield from (_entry(record) for record in approval.records if _is_told(record, approval))
        if approval.withdrawal_requested_at is not None:
            yield Entry(
                kind="neutral",
                title=gettext("Withdrawal asked for"),
                at=approval.withdrawal_requested_at,
                by=request.requester.name,
            )
        yield _where_it_stands(approval)


def _is_told(record: ApprovalRecord, approval: Approval) -> bool:
    if record.kind == RecordKind.SUBMITTED:
        return False  # the start has its own line
    if record.kind == RecordKind.WITHDRAWN and approval.state in _ENDED_BY_SOMEBODY:
        return False  # the outcome says who ended it
    return record.kind != RecordKind.OTHER or bool(record.person_name or record.remark)


def _entry(record: ApprovalRecord) -> Entry:
    kind, title = record_words(record.kind)
    # DingTalk may tell no time; the channel then gives the beginning of time
    at = record.occurred_at if record.occurred_at.year > 1970 else None
    return Entry(kind=kind, title=title, at=at, by=record.person_name, remark=record.remark)


def _where_it_stands(approval: Approval) -> Entry:
    kind, title = state_badge(approval.state)
    if approval.state == ApprovalState.PENDING:
        return Entry(kind=kind, title=gettext("Waiting for %(name)s", name=approval.approver.name))
    if approval.state == ApprovalState.SUBMITTED:
        return Entry(kind=kind, title=gettext("To be started in DingTalk"))
    if not is_final(approval.state):
        return Entry(kind=kind, title=title)
    ended = [record for record in approval.records if record.kind == RecordKind.WITHDRAWN]
    if approval.state in _ENDED_BY_SOMEBODY and ended:
        by, remark = ended[-1].person_name, ended[-1].remark
        return Entry(kind=kind, title=title, at=approval.closed_at, by=by, remark=remark)
    if is_self_approved(approval):
        return Entry(kind="danger", title=gettext("Does not count"), at=approval.closed_at)
    return Entry(kind=kind, title=title, at=approval.closed_at)
