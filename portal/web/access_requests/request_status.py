"""What the status page says about a request: rows in, words out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext

from portal.channels.dingtalk.call_counting import QUOTA_EXHAUSTED
from portal.models import AccessRequest, Person
from portal.rules.approval_state import ApprovalState, is_final
from portal.services.outcomes.gone_instances import is_gone
from portal.web.access_requests.notices import Notice, counts_for_nothing, notices_about, web_address
from portal.web.access_requests.timeline import Entry, timeline_of
from portal.web.access_requests.whose_turn import is_sent_back, turns_in, unchanged_since
from portal.web.words.records import name_list
from portal.web.words.states import (
    gone_badge,
    state_badge,
    state_sentence,
    waiting_sentence,
    withdrawing_badge,
    withdrawing_sentence,
)

_WAITS_FOR_THE_REQUESTER = (ApprovalState.COULD_NOT_START, ApprovalState.NEEDS_CHOICE)


@dataclass(frozen=True, kw_only=True)
class RequestStatus:
    """All that the partial shows; ``version`` changes whenever any of it does, ``since`` is the last step."""

    request: AccessRequest
    badge: tuple[str, str]
    sentence: str
    since: datetime | None
    notices: tuple[Notice, ...]
    timeline: tuple[Entry, ...]
    links: tuple[str, ...]
    version: str
    can_change: bool
    can_withdraw: bool
    can_try_again: bool
    can_close: bool
    can_choose: bool


def status_of(request: AccessRequest, *, viewer: Person, are_calls_stopped: bool) -> RequestStatus:
    """Return what ``viewer`` is shown about ``request``; while calls are stopped nothing is about to start."""
    is_theirs = request.requester_id == viewer.id
    states = {approval.state for approval in request.approvals}
    are_gone = _is_gone(request)
    return RequestStatus(
        request=request,
        badge=badge_of(request),
        sentence=_sentence(request, viewer, are_calls_stopped=are_calls_stopped),
        since=_since(request),
        notices=tuple(notice for approval in request.approvals for notice in notices_about(approval, viewer)),
        timeline=tuple(timeline_of(request)),
        links=tuple(_links(request)),
        version=version_of(request),
        can_change=any(not is_final(state) and state not in _WAITS_FOR_THE_REQUESTER for state in states),
        can_withdraw=is_theirs
        and not is_final(request.state)
        and not _is_withdrawing(request)
        and not are_gone,
        can_try_again=is_theirs and ApprovalState.COULD_NOT_START in states,
        can_close=are_gone and (is_theirs or viewer.is_organization_admin),
        can_choose=is_theirs and ApprovalState.NEEDS_CHOICE in states,
    )


def version_of(request: AccessRequest) -> str:
    """Return a short text that differs whenever the request's approvals differ."""
    return ".".join(str(approval.version) for approval in request.approvals)


def badge_of(request: AccessRequest) -> tuple[str, str]:
    """Return the kind and the text of the badge for a whole request."""
    if any(counts_for_nothing(approval) for approval in request.approvals):
        return "danger", gettext("Does not count")
    if _is_gone(request):
        return gone_badge()
    return withdrawing_badge() if _is_withdrawing(request) else state_badge(request.state)


def _sentence(request: AccessRequest, viewer: Person, *, are_calls_stopped: bool) -> str:
    kinds = {(each.incident or {}).get("kind") for each in request.approvals}
    if "self_approved" in kinds:
        return str(gettext("Agreed only by the requester: it does not count and gives no access."))
    if "nobody_agreed" in kinds:
        return str(
            gettext("Approved in DingTalk although nobody agreed: it does not count and gives no access.")
        )
    if _is_withdrawing(request):
        return withdrawing_sentence(request.state)
    if _is_gone(request):
        return str(gettext("The approval no longer exists in DingTalk, so nobody can decide any more."))
    waiting_for = [each.failure["kind"] for each in request.approvals if each.failure]
    if are_calls_stopped:
        waiting_for.insert(0, QUOTA_EXHAUSTED)
    if request.state == ApprovalState.SUBMITTED and waiting_for:
        return waiting_sentence(waiting_for[0])
    if request.state == ApprovalState.PENDING:
        return _whose_turn(request, viewer)
    return state_sentence(request.state)


def _whose_turn(request: AccessRequest, viewer: Person) -> str:
    running = [each for each in request.approvals if each.state == ApprovalState.PENDING]
    turns = [turns_in(each) for each in running]
    is_theirs = request.requester_id == viewer.id
    if any(is_sent_back(each) for each in running):
        if is_theirs:
            return str(
                gettext("It was sent back to you. Open it in DingTalk to submit it again, or withdraw it.")
            )
        name = request.requester.name
        return str(gettext("It was sent back: %(name)s has to submit it again.", name=name))
    waiting = {user_id for each in turns for user_id in each.waiting_user_ids}
    if not is_theirs and viewer.corp_id == request.requester.corp_id and viewer.user_id in waiting:
        return str(gettext("It is your turn: open it in DingTalk and decide."))
    names = tuple(dict.fromkeys(name for each in turns for name in each.waiting))
    if not names:
        return state_sentence(request.state)
    return str(gettext("The approval runs in DingTalk and waits for %(names)s.", names=name_list(names)))


def _since(request: AccessRequest) -> datetime | None:
    if _is_gone(request) or _is_withdrawing(request):
        return None
    running = [each for each in request.approvals if each.state == ApprovalState.PENDING]
    return max((at for at in map(unchanged_since, running) if at is not None), default=None)


def _links(request: AccessRequest) -> Iterator[str]:
    for approval in request.approvals:
        address = web_address(approval.instance_url)
        if address and not is_gone(approval):
            yield address


def _is_gone(request: AccessRequest) -> bool:
    return any(is_gone(approval) for approval in request.approvals)


def _is_withdrawing(request: AccessRequest) -> bool:
    return any(
        approval.withdrawal_requested_at is not None and not is_final(approval.state)
        for approval in request.approvals
    )
