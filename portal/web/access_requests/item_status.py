"""What became of each thing asked for: decided, and once approved, whether the access works."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext, ngettext
from markupsafe import Markup

from portal.models import Approval, Grant, Person, RequestItem
from portal.rules.approval_state import ApprovalState
from portal.rules.grant_end import ends_at
from portal.rules.grant_state import GrantState
from portal.rules.permissions import Permission
from portal.services.permissions import may
from portal.web.access_requests.notices import counts_for_nothing
from portal.web.formatters import last_day
from portal.web.words.grants import grant_badge
from portal.web.words.records import name_list

MOST_NAMED = 2
# How often a page that is open asks: for what comes in moments, and for what waits for people or out a pause.
SOON_SECONDS = 1
LATER_SECONDS = 5
SHORT_PAUSE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class ItemStatus:
    """One item. ``badge`` is empty while its approval says all there is; ``grant_id`` where the viewer may open it.

    ``is_too_late`` tells that it was approved after the last day asked for.
    """

    item: RequestItem
    badge: tuple[str, str] | None
    sentence: str
    grant_id: int | None
    is_too_late: bool


def item_status(item: RequestItem, approval: Approval, *, viewer: Person) -> ItemStatus:
    """Return what to say of an item of ``approval``."""
    grant, is_late = item.grant, is_too_late(item, approval)
    badge, sentence = None, ""
    if grant is not None:
        badge, sentence = grant_badge(grant), grant_sentence(grant)
    elif is_late:
        badge = ("warning", gettext("Approved too late"))
        sentence = gettext("It was approved after the last day that was asked for, so no access was given.")
    may_open = grant is not None and (viewer.id == grant.person_id or may(viewer, Permission.READ_EVERYTHING))
    return ItemStatus(
        item=item,
        badge=badge,
        sentence=sentence,
        grant_id=grant.id if grant is not None and may_open else None,
        is_too_late=is_late,
    )


def names_of(items: Sequence[RequestItem]) -> str:
    """Return what a request is about in one line: its resources, of many the first and how many more."""
    names = [each.resource.name for each in sorted(items, key=lambda each: each.id)]
    if len(names) <= MOST_NAMED:
        return name_list(names)
    more = len(names) - 1
    return ngettext("%(name)s and %(num)s more", "%(name)s and %(num)s more", more, name=names[0])


def is_too_late(item: RequestItem, approval: Approval) -> bool:
    """Whether it was approved after its fixed end, so that nothing is given."""
    request, closed_at = item.request, approval.closed_at
    if approval.state != ApprovalState.APPROVED or counts_for_nothing(approval) or item.grant is not None:
        return False
    if closed_at is None or request.valid_until is None:
        return False
    end = ends_at(approved_at=closed_at, days=None, until=request.valid_until)
    return end is not None and end <= closed_at


def news_every_seconds(grant: Grant | None, *, now: datetime) -> int | None:
    """Return how often an open page asks for news of a grant, None when it changes no more by itself.

    Often while it is given or taken away, now and then while that waits for people or out a long pause.
    """
    if grant is None or not _is_unsettled(grant):
        return None
    if grant.due_at is None or grant.task_at is not None:
        return LATER_SECONDS
    return SOON_SECONDS if grant.failure is None or grant.due_at <= now + SHORT_PAUSE else LATER_SECONDS


def _is_unsettled(grant: Grant) -> bool:
    is_ending = grant.ending is not None and grant.ended_at is None
    return is_ending or grant.state in (GrantState.DUE, GrantState.FAILING)


def grant_sentence(grant: Grant) -> str:
    """Return what the state of a grant means for whoever waits for it."""
    state, has_ending = GrantState(grant.state), grant.ending is not None and grant.ended_at is None
    if has_ending:
        return str(gettext("It is being taken away in the BI tool."))
    if state in (GrantState.DUE, GrantState.FAILING) and grant.task_at is not None:
        return str(gettext("Somebody who is responsible for it gives the access in the BI tool by hand."))
    if state == GrantState.DUE:
        return str(gettext("The portal is giving the access in the BI tool."))
    if state == GrantState.FAILING:
        return str(gettext("It could not be given in the BI tool yet; its page says why."))
    if state == GrantState.ACTIVE and grant.expires_at is not None:
        return Markup(gettext("Until %(day)s")) % {"day": last_day(grant.expires_at)}  # noqa: S704
    return ""
