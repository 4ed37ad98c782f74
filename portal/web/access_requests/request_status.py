"""What the status page says about a request as a whole: rows in, words out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext, ngettext

from portal.models import AccessRequest, Approval, Grant, RequestItem
from portal.models.access_request import Acceptance
from portal.rules.approval_state import ApprovalState, is_final
from portal.services.outcomes.gone_instances import is_gone
from portal.services.requests.access_requests import version_of
from portal.services.requests.request_part import RequestPart
from portal.web.access_requests.group_status import GroupStatus, Seen, group_status, is_ending
from portal.web.access_requests.item_status import SOON_SECONDS, news_every_seconds
from portal.web.access_requests.notices import counts_for_nothing
from portal.web.words.states import ending_badge, gone_badge, state_badge, state_sentence

_WAITS_FOR_A_PERSON = (
    ApprovalState.AWAITING_ACCEPTANCE,
    ApprovalState.COULD_NOT_START,
    ApprovalState.NEEDS_CHOICE,
)


@dataclass(frozen=True, kw_only=True)
class RequestStatus:
    """What is shown of the part somebody sees, an approval a group; ``version`` changes whenever any of it does."""

    request: AccessRequest
    items: tuple[RequestItem, ...]
    hidden_count: int
    badge: tuple[str, str]
    sentence: str
    groups: tuple[GroupStatus, ...]
    version: str
    news_every_seconds: int | None
    can_accept: bool
    can_withdraw: bool
    can_try_again: bool
    can_close: bool
    can_choose: bool
    can_ask_again: bool
    is_too_late: bool
    is_in_dingtalk: bool

    @property
    def only(self) -> GroupStatus | None:
        """The one approval of a request that has no other."""
        return self.groups[0] if len(self.groups) == 1 else None


def status_of(part: RequestPart, seen: Seen) -> RequestStatus:
    """Return what is shown about a request to whoever looks, and sees this part of it."""
    viewer, request = seen.viewer, part.request
    is_theirs = request.requester_id == viewer.id
    groups = tuple(group_status(part, each, seen) for each in current_approvals(part.approvals))
    states = {each.approval.state for each in groups}
    are_gone = any(is_gone(each.approval) for each in groups)
    is_over = is_final(request.state)
    only = groups[0] if len(groups) == 1 else None
    grants = [each.item.grant for group in groups for each in group.items]
    return RequestStatus(
        request=request,
        items=part.items,
        hidden_count=part.hidden_count,
        badge=only.badge if only else badge_of(request),
        sentence=only.sentence if only else _summary(request, groups),
        groups=groups,
        version=version_of(request),
        news_every_seconds=_news_every_seconds(states, grants, now=seen.now),
        can_accept=viewer.id == request.on_behalf_of_id
        and request.acceptance == Acceptance.ASKED
        and ApprovalState.AWAITING_ACCEPTANCE in states,
        can_withdraw=any(each.can_withdraw for each in groups) and not (are_gone and only),
        can_try_again=is_theirs and ApprovalState.COULD_NOT_START in states,
        can_close=are_gone and (is_theirs or viewer.is_organization_admin),
        can_choose=is_theirs and ApprovalState.NEEDS_CHOICE in states,
        can_ask_again=is_theirs and is_over and states != {ApprovalState.APPROVED},
        is_too_late=is_theirs and any(each.is_too_late for group in groups for each in group.items),
        is_in_dingtalk=any(not each.is_decided_here for each in groups),
    )


def _news_every_seconds(
    states: Collection[str], grants: Sequence[Grant | None], *, now: datetime
) -> int | None:
    if any(not is_final(state) and state not in _WAITS_FOR_A_PERSON for state in states):
        return SOON_SECONDS
    paces = [news_every_seconds(each, now=now) for each in grants]
    return min((each for each in paces if each is not None), default=None)


def current_approvals(approvals: Sequence[Approval]) -> Sequence[Approval]:
    """Return the approvals that stand for a request: those passed on are told with whatever replaced them."""
    return [each for each in approvals if each.state != ApprovalState.ESCALATED] or approvals


def badge_of(request: AccessRequest) -> tuple[str, str]:
    """Return the kind and the text of the badge for a whole request."""
    current = current_approvals(request.approvals)
    approved = [each for each in current if each.state == ApprovalState.APPROVED]
    if approved and all(map(counts_for_nothing, approved)):
        return "danger", gettext("Does not count")
    if any(map(is_gone, current)):
        return gone_badge()
    ending = [each for each in current if is_ending(each)]
    if ending:
        return ending_badge(ending[0].withdrawal_purpose)
    return state_badge(request.state)


def _summary(request: AccessRequest, groups: Sequence[GroupStatus]) -> str:
    """Count items, as that is what people asked for."""
    counts = dict.fromkeys(ApprovalState, 0)
    for group in groups:
        counts[ApprovalState(group.approval.state)] += len(group.items)
    total = sum(counts.values())
    approved, rejected = counts[ApprovalState.APPROVED], counts[ApprovalState.REJECTED]
    waiting = sum(count for state, count in counts.items() if not is_final(state))
    if waiting == total:
        return str(ngettext("%(num)s item waits for decisions.", "%(num)s items wait for decisions.", total))
    told = [
        gettext("%(count)s of %(total)s approved", count=approved, total=total) if approved else "",
        gettext("%(count)s of %(total)s rejected", count=rejected, total=total) if rejected else "",
        gettext("%(count)s of %(total)s still waiting", count=waiting, total=total) if waiting else "",
    ]
    said = " · ".join(filter(None, told))
    return said or state_sentence(request.state)
