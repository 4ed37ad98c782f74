"""What the status page says about one approval: its items, who decides, where it stands, what one may do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext

from portal.channels.dingtalk.call_counting import QUOTA_EXHAUSTED
from portal.extensions import db
from portal.models import AccessRequest, Approval, Person, RequestItem
from portal.models.access_request import Acceptance
from portal.rules.approval_state import ApprovalState, is_final
from portal.rules.organisation_day import organisation_day
from portal.rules.permissions import Permission
from portal.services.decisions.standing_in import may_decide_for, stand_in
from portal.services.outcomes.gone_instances import is_gone
from portal.services.pending.reminders import can_be_reminded, may_remind_at
from portal.services.permissions import may
from portal.services.requests.access_requests import is_being_withdrawn
from portal.services.requests.request_part import RequestPart
from portal.web.access_requests.item_status import ItemStatus, is_too_late, item_status
from portal.web.access_requests.notices import Notice, counts_for_nothing, notices_about, web_address
from portal.web.access_requests.timeline import Entry, timeline_of_approval
from portal.web.access_requests.who_decides import DecidingLine, who_decides
from portal.web.access_requests.whose_turn import is_here, is_sent_back, turns_in, unchanged_since
from portal.web.words.records import name_list
from portal.web.words.states import (
    ending_badge,
    ending_sentence,
    gone_badge,
    state_badge,
    state_sentence,
    waiting_sentence,
)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Who looks, when, and what of the world changes the words."""

    viewer: Person
    now: datetime
    reminder_pause: timedelta
    are_calls_stopped: bool


@dataclass(frozen=True, kw_only=True)
class GroupStatus:
    """One approval that counts, with those that it replaced told in its timeline. ``since`` is the last step."""

    approval: Approval
    items: tuple[ItemStatus, ...]
    badge: tuple[str, str]
    sentence: str
    since: datetime | None
    notices: tuple[Notice, ...]
    timeline: tuple[Entry, ...]
    deciding: tuple[DecidingLine, ...]
    link: str | None
    is_decided_here: bool
    can_decide: bool
    can_pass_on: bool
    can_withdraw: bool
    can_remind: bool
    remind_again_at: datetime | None

    @property
    def name(self) -> str:
        """What the group is called where there are several: its resources."""
        return name_list([each.item.resource.name for each in self.items])


def group_status(part: RequestPart, approval: Approval, seen: Seen) -> GroupStatus:
    """Return what is shown about ``approval``, one of the part's that were not passed on."""
    request = part.request
    items = sorted((each for each in part.items if each.approval_id == approval.id), key=lambda each: each.id)
    is_theirs = request.requester_id == seen.viewer.id
    can_remind = is_theirs and can_be_reminded(approval) and not is_gone(approval)
    again_at = may_remind_at(approval, pause=seen.reminder_pause) if can_remind else None
    can_decide = may_decide(request, approval, seen)
    link = None if is_gone(approval) else web_address(approval.instance_url)
    return GroupStatus(
        approval=approval,
        items=tuple(item_status(each, approval, viewer=seen.viewer) for each in items),
        badge=approval_badge(approval),
        sentence=_sentence(request, approval, items, seen, can_decide=can_decide),
        since=_since(approval),
        notices=tuple(notices_about(approval, seen.viewer)),
        timeline=tuple(timeline_of_approval(request, approval)),
        deciding=who_decides(approval),
        link=link,
        is_decided_here=is_here(approval),
        can_decide=can_decide,
        can_pass_on=_can_pass_on(request, approval, seen.viewer),
        can_withdraw=is_theirs
        and not is_final(approval.state)
        and not is_being_withdrawn(approval)
        and not is_gone(approval),
        can_remind=can_remind,
        remind_again_at=again_at if again_at is not None and again_at > seen.now else None,
    )


def approval_badge(approval: Approval) -> tuple[str, str]:
    """Return the kind and the text of the badge for one approval."""
    if counts_for_nothing(approval):
        return "danger", gettext("Does not count")
    if is_gone(approval):
        return gone_badge()
    if is_ending(approval):
        return ending_badge(approval.withdrawal_purpose)
    return state_badge(approval.state, is_here=is_here(approval))


def is_ending(approval: Approval) -> bool:
    """Whether its end was asked for and is not there yet."""
    return approval.withdrawal_requested_at is not None and not is_final(approval.state)


def _can_pass_on(request: AccessRequest, approval: Approval, viewer: Person) -> bool:
    is_waiting_here = is_here(approval) and approval.state == ApprovalState.PENDING
    is_own = viewer.id in (request.requester_id, request.grantee_id)
    return is_waiting_here and not is_own and may(viewer, Permission.KEEP_GRANTS)


def may_decide(request: AccessRequest, approval: Approval, seen: Seen) -> bool:
    """Whether the viewer decides this approval here and now: its approver, or who stands in for them."""
    viewer = seen.viewer
    if not is_here(approval) or approval.state != ApprovalState.PENDING:
        return False
    if viewer.id in (request.requester_id, request.grantee_id):
        return False
    on = organisation_day(seen.now)
    return viewer.id == approval.approver_id or may_decide_for(
        db.session(), viewer.id, approval.approver_id, on=on
    )


def _sentence(
    request: AccessRequest,
    approval: Approval,
    items: Sequence[RequestItem],
    seen: Seen,
    *,
    can_decide: bool,
) -> str:
    kind = (approval.incident or {}).get("kind")
    if kind == "self_approved":
        return str(gettext("Agreed only by the requester: it does not count and gives no access."))
    if kind == "nobody_agreed":
        return str(
            gettext("Approved in DingTalk although nobody agreed: it does not count and gives no access.")
        )
    if is_ending(approval):
        return ending_sentence(approval.state, approval.withdrawal_purpose)
    if is_gone(approval):
        return str(gettext("The approval no longer exists in DingTalk, so nobody can decide any more."))
    if approval.state == ApprovalState.SUBMITTED and (seen.are_calls_stopped or approval.failure):
        failure = (approval.failure or {}).get("kind", "")
        return waiting_sentence(QUOTA_EXHAUSTED if seen.are_calls_stopped else failure)
    if can_decide:
        return str(gettext("It waits for your decision, here in the portal."))
    if approval.state == ApprovalState.PENDING:
        return (
            _whose_turn_here(request, approval, seen)
            if is_here(approval)
            else _whose_turn(request, approval, seen.viewer)
        )
    if approval.state == ApprovalState.APPROVED and any(
        each.grant is not None or is_too_late(each, approval) for each in items
    ):
        return str(gettext("Approved."))  # the items say what became of it
    return _acceptance(request, approval, seen.viewer) or state_sentence(
        approval.state, is_here=is_here(approval)
    )


def _acceptance(request: AccessRequest, approval: Approval, viewer: Person) -> str:
    """Return what there is to say of the colleague whom it is for; empty where they have accepted it."""
    name = request.grantee.name
    if approval.state == ApprovalState.WITHDRAWN and request.acceptance == Acceptance.DECLINED:
        return str(gettext("%(name)s declined it, so nobody was asked to decide.", name=name))
    if approval.state == ApprovalState.LAPSED and request.acceptance == Acceptance.ASKED:
        return str(gettext("%(name)s did not answer in time, so nobody was asked to decide.", name=name))
    if approval.state != ApprovalState.AWAITING_ACCEPTANCE:
        return ""
    if viewer.id == request.on_behalf_of_id:
        return str(gettext("Nobody decides before you accept it."))
    if request.on_behalf_of_id is None:
        return ""
    return str(gettext("Nobody decides before %(name)s accepts it.", name=name))


def _whose_turn_here(request: AccessRequest, approval: Approval, seen: Seen) -> str:
    name = approval.approver.name
    instead = stand_in(db.session(), approval.approver_id, on=organisation_day(seen.now))
    if instead is None or instead.id in (request.requester_id, request.grantee_id):
        return str(gettext("It waits for %(name)s, who decides in the portal.", name=name))
    return str(
        gettext(
            "It waits for %(delegate)s, who decides in the portal while %(name)s is on leave.",
            delegate=instead.name,
            name=name,
        )
    )


def _whose_turn(request: AccessRequest, approval: Approval, viewer: Person) -> str:
    turns = turns_in(approval)
    is_theirs = request.requester_id == viewer.id
    if is_sent_back(approval):
        if is_theirs:
            return str(
                gettext("It was sent back to you. Open it in DingTalk to submit it again, or withdraw it.")
            )
        name = request.requester.name
        return str(gettext("It was sent back: %(name)s has to submit it again.", name=name))
    if (
        not is_theirs
        and viewer.corp_id == request.requester.corp_id
        and viewer.user_id in turns.waiting_user_ids
    ):
        return str(gettext("It is your turn: open it in DingTalk and decide."))
    if not turns.waiting:
        return state_sentence(approval.state)
    return str(
        gettext("The approval runs in DingTalk and waits for %(names)s.", names=name_list(turns.waiting))
    )


def _since(approval: Approval) -> datetime | None:
    if approval.state != ApprovalState.PENDING or is_gone(approval) or is_ending(approval):
        return None
    return unchanged_since(approval)
