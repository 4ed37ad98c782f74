"""What is out of the ordinary about an approval, each with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask_babel import format_time, gettext

from portal.channels.failures import Failure, OwnFailure, Retry
from portal.models import Approval, Person
from portal.rules.approval_state import DOES_NOT_COUNT, ApprovalState
from portal.services.outcomes.gone_instances import is_gone
from portal.services.pending.escalation import NOBODY_LEFT
from portal.web.words.failures import failure_words
from portal.web.words.states import state_badge
from portal.web.words.twins import twin_words

# What a refused withdrawal looks like: the channel's kind for it, or any failure of the call that ends an instance.
WITHDRAWAL_REFUSED = "withdrawal_refused"
WITHDRAWAL_CALL = "terminateProcessInstance"
# What a search consists of: a failure of theirs says nothing about the start itself.
SEARCH_CALLS = frozenset({"listProcessInstanceIds", "getProcessInstance"})
TWIN = "twin"

_FAILURE_MATTERS = (
    ApprovalState.SUBMITTED,
    ApprovalState.START_UNKNOWN,
    ApprovalState.COULD_NOT_START,
    ApprovalState.NEEDS_CHOICE,
    ApprovalState.PENDING,
)


@dataclass(frozen=True, kw_only=True)
class Notice:
    """``kind`` selects the look; ``quote`` is the vendor's own wording.

    ``link`` is where to repair it, ``instance_link`` opens the instance that it is about.
    """

    kind: str
    title: str
    sentences: tuple[str, ...]
    quote: str = ""
    link: str | None = None
    instance_link: str | None = None


def notices_about(approval: Approval, viewer: Person) -> Iterator[Notice]:
    """Yield what ``viewer`` should know: incidents, and a failure that still matters."""
    incident = approval.incident or {}
    is_settled = incident.get("kind") == NOBODY_LEFT and approval.state != ApprovalState.PENDING
    if incident.get("kind", TWIN) != TWIN and not is_settled:
        yield _incident(approval, incident["kind"])
    yield from (_twin(told) for told in incident.get("twins", {}).values())
    # while a start is under way the failure is that of the attempt before
    if approval.failure is not None and approval.state in _FAILURE_MATTERS:
        yield _failure(approval, Failure.from_json(approval.failure), viewer)


def counts_for_nothing(approval: Approval) -> bool:
    """Whether nobody but the requester agreed, or nobody at all."""
    return approval.incident is not None and approval.incident["kind"] in DOES_NOT_COUNT


def web_address(url: str | None) -> str | None:
    """Return ``url`` when a link may lead there: what DingTalk sends is not ours to trust."""
    return url if url and urlsplit(url).scheme in ("http", "https") else None


def _incident(approval: Approval, kind: str) -> Notice:
    told = approval.incident or {}
    if kind == "self_approved":
        return Notice(
            kind="danger",
            title=gettext("Nobody decides about their own request"),
            sentences=(
                gettext("Ask again, and tell an organization admin that the flow in DingTalk allowed this."),
            ),
        )
    if kind == "nobody_agreed":
        return Notice(
            kind="danger",
            title=gettext("Nobody agreed to this request"),
            sentences=(
                gettext(
                    "The flow in DingTalk let it pass by itself: it has nobody to decide at one of its nodes."
                ),
                gettext(
                    "An organization admin opens the flow in DingTalk’s designer and sees to it that somebody "
                    "decides; then ask again."
                ),
            ),
        )
    if kind == NOBODY_LEFT:
        return Notice(
            kind="warning",
            title=gettext("Nobody else can be asked"),
            sentences=(
                gettext(
                    "%(name)s has not decided in time, and the approval settings name nobody after them.",
                    name=approval.approver.name,
                ),
                gettext(
                    "It goes on waiting. An organization admin adds an approver kind, or gives somebody its role; "
                    "the portal looks again every day."
                ),
            ),
        )
    _, now = state_badge(told["told"])
    _, before = state_badge(approval.state)
    return Notice(
        kind="warning",
        title=gettext("DingTalk contradicts the recorded outcome"),
        sentences=(
            gettext("Recorded was: %(before)s. DingTalk said later: %(now)s.", before=before, now=now),
            gettext("The recorded outcome stays. Ask an organization admin to look into it."),
        ),
    )


def _twin(told: dict[str, Any]) -> Notice:
    words = twin_words(told["state"])
    failure = Failure.from_json(told["failure"]) if told["failure"] else None
    return Notice(
        kind=words.kind,
        title=words.title,
        sentences=words.sentences,
        quote=failure.sentence if failure else "",
        instance_link=web_address(told["url"]),
    )


def _failure(approval: Approval, failure: Failure, viewer: Person) -> Notice:
    if is_gone(approval):
        return _gone(approval, viewer)
    words = failure_words(failure)
    title, kind = words.title, "warning"
    remedy: tuple[str, ...]
    if approval.state == ApprovalState.COULD_NOT_START:
        kind, remedy = "danger", (words.remedy, _who_tries_again(approval, failure, viewer))
    elif approval.state == ApprovalState.NEEDS_CHOICE:
        remedy = (_who_chooses_again(approval, words.remedy, viewer),)
    elif approval.state == ApprovalState.START_UNKNOWN:
        if failure.operation in SEARCH_CALLS:
            title = gettext("The portal could not look for the approval: %(why)s", why=words.title)
        own = (words.remedy,) if failure.retry == Retry.PERMANENT else ()
        remedy = (*own, _next_look(approval))
    elif approval.state == ApprovalState.PENDING and _is_refused_withdrawal(failure):
        remedy = (
            words.remedy,
            gettext("The approval still runs."),
            gettext("Its withdrawal can be asked for again."),
        )
        if failure.kind != WITHDRAWAL_REFUSED:
            title = gettext("DingTalk refused the withdrawal: %(why)s", why=words.title)
    else:
        if approval.state == ApprovalState.PENDING:
            title = gettext("The latest news from DingTalk could not be read: %(why)s", why=words.title)
        own = (words.remedy,) if failure.retry == Retry.PERMANENT else ()
        remedy = (*own, _next_try(approval))
    reason = words.reason if words.reason != failure.sentence else ""
    return Notice(
        kind=kind,
        title=title,
        sentences=tuple(filter(None, (reason, *remedy))),
        quote=failure.sentence or failure.facts.get("first", ""),
        link=web_address(failure.apply_url) if viewer.is_organization_admin else None,
    )


def _gone(approval: Approval, viewer: Person) -> Notice:
    if viewer.id == approval.requester.id:
        remedy = gettext("Close the request below and ask again.")
    elif viewer.is_organization_admin:
        remedy = gettext("Close the request below, or let its requester do it and ask again.")
    else:
        remedy = gettext("Its requester or an organization admin can close it.")
    return Notice(
        kind="warning",
        title=gettext("The approval no longer exists in DingTalk"),
        sentences=(
            gettext("It was deleted there. How it would have ended is not known, so no access is given."),
            remedy,
            gettext("The portal asks DingTalk again once a day, in case it comes back."),
        ),
    )


def _who_tries_again(approval: Approval, failure: Failure, viewer: Person) -> str:
    if failure.kind == OwnFailure.NOT_FOUND_AFTER_UNKNOWN:
        if viewer.id == approval.requester.id:
            return str(gettext("Press Try again."))
        return str(gettext("The requester can press Try again."))
    if viewer.id != approval.requester.id:
        return str(gettext("When that is done, the requester can press Try again."))
    if viewer.is_organization_admin:
        return str(gettext("When that is done, press Try again."))
    return str(
        gettext("If you cannot do that, show this page to an organization admin. Then press Try again.")
    )


def _who_chooses_again(approval: Approval, otherwise: str, viewer: Person) -> str:
    if viewer.id == approval.requester.id:
        return str(
            gettext("Nothing was started. Choose approvers again below; the request goes on from there.")
        )
    return otherwise


def _next_try(approval: Approval) -> str:
    if approval.due_at is None:
        return str(gettext("The portal tries again by itself."))
    at = format_time(approval.due_at, "medium")
    return str(gettext("The portal tries again by itself, next at %(time)s.", time=at))


def _next_look(approval: Approval) -> str:
    if approval.due_at is None:
        return str(gettext("The portal looks for it by itself."))
    at = format_time(approval.due_at, "medium")
    return str(gettext("The portal looks for it by itself, next at %(time)s.", time=at))


def _is_refused_withdrawal(failure: Failure) -> bool:
    return failure.kind == WITHDRAWAL_REFUSED or failure.operation == WITHDRAWAL_CALL
