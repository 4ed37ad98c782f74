"""One grant's page: where it stands, what happened, what its viewer may do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from flask import Response
from flask_babel import gettext

from portal.channels.failures import Failure
from portal.grants.grant_target import Finding, TargetName
from portal.models import Grant, GrantDelivery
from portal.rules.entitlement import Entitlement
from portal.rules.grant_state import GrantState, has_ended
from portal.services.faults import FieldFault, Problem
from portal.services.grants.drift_check import Looked
from portal.services.grants.grant_views import GrantView
from portal.services.registry import services
from portal.web.access import signed_in_person
from portal.web.htmx import render
from portal.web.words.failures import FailureWords, failure_words
from portal.web.words.faults import fault_sentence
from portal.web.words.grant_notes import grant_notes
from portal.web.words.grants import (
    drift_words,
    finding_words,
    grant_badge,
    grant_sentence,
    target_name,
    try_words,
)
from portal.web.words.problems import problem_words


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the timeline; ``kind`` selects its look."""

    kind: str
    title: str
    at: datetime | None = None
    by: str = ""
    remark: str = ""


def show_grant(
    grant_id: int,
    *,
    status: int = 200,
    looked: Looked | None = None,
    problem: Problem | None = None,
    fault: FieldFault | None = None,
    reason: str = "",
) -> Response:
    """Draw the page of a grant with what was just found or refused; raises ``NotThere``."""
    shown = services().grant_views.view(signed_in_person(), grant_id)
    grant = shown.grant
    return render(
        "grants/grant_page.html",
        "grants/_grant.html",
        status=status,
        shown=shown,
        grant=grant,
        badge=grant_badge(grant),
        sentence=grant_sentence(grant, is_own=shown.is_own),
        failure=_failure_words(grant),
        is_tried_again=grant.due_at is not None,
        can_try_again=shown.may_act and _can_try_again(grant),
        can_leave_to_hands=shown.may_act and grant.failure is not None and grant.target != TargetName.MANUAL,
        who_tries_again=_who_tries_again(shown),
        target=target_name(grant.target),
        timeline=_timeline(shown),
        is_moving=_is_moving(shown),
        can_give_back=shown.is_own and shown.is_in_effect,
        can_revoke=shown.may_act and shown.is_in_effect,
        can_check=grant.target != TargetName.MANUAL and grant.leased_until is not None,
        looked=_looked_words(grant, looked),
        drift=drift_words(grant),
        notes=grant_notes(grant),
        problem=problem_words(problem) if problem else None,
        reason_fault=fault_sentence(fault) if fault else "",
        reason=reason,
    )


def _failure_words(grant: Grant) -> FailureWords | None:
    return failure_words(Failure.from_json(grant.failure)) if grant.failure else None


def _can_try_again(grant: Grant) -> bool:
    return grant.failure is not None or (bool(drift_words(grant)) and grant.due_at is None)


def _who_tries_again(shown: GrantView) -> str:
    """Name who can press Try again for somebody who cannot, where nothing goes on without that."""
    if shown.may_act or shown.grant.failure is None or shown.grant.due_at is not None:
        return ""
    return ", ".join(each.name for each in shown.keepers)


def _is_moving(shown: GrantView) -> bool:
    """Whether the next moments change what the page shows; people and long pauses are not waited for."""
    grant = shown.grant
    if grant.due_at is None or grant.task_at is not None:
        return False
    return grant.failure is None or grant.due_at <= shown.at


def _looked_words(grant: Grant, looked: Looked | None) -> tuple[str, str, str] | None:
    """Return the kind, title and text of what a look found."""
    if looked is None:
        return None
    if looked.failure is not None:
        words = failure_words(looked.failure)
        return "warning", gettext("The BI tool could not be asked"), f"{words.title}. {words.remedy}"
    found = looked.found
    assert found is not None  # noqa: S101  one of the two is set
    if found.facts.get("reason") == "not_given_yet":
        return (
            "info",
            gettext("The access was not given yet"),
            gettext("The portal does that by itself; wait a moment."),
        )
    if grant.ending is not None and found.finding == Finding.MISSING:
        return "success", finding_words(found.finding), gettext("It has ended, so this is as it should be.")
    is_still_there = grant.ending is not None and found.finding != Finding.CANNOT_TELL
    finding = Finding.STILL_THERE if is_still_there else found.finding
    if finding == Finding.AS_WANTED and found.facts.get("can_open") is False:
        return (
            "warning",
            gettext("The access is there, but Quick BI says that it cannot be opened"),
            gettext(
                "It may be offline, or stand in a data portal whose menu has to be given as well. Ask the owner of"
                " the resource."
            ),
        )
    kind = "success" if finding == Finding.AS_WANTED else "warning"
    return kind, finding_words(finding), _advice(grant, finding)


def _advice(grant: Grant, finding: Finding) -> str:
    """Return what follows from a look, by what the portal does about it: the row was written before the page."""
    if finding == Finding.AS_WANTED and grant.entitlement == Entitlement.UNMASK:
        return gettext(
            "If a column is still masked, a rule of the whole organisation hides it: ask an enterprise security"
            " administrator."
        )
    if finding == Finding.AS_WANTED:
        return gettext(
            "If you still cannot open it, sign in to the BI tool again with the account that belongs to you in"
            " DingTalk, or ask the owner."
        )
    if finding == Finding.CANNOT_TELL:
        return gettext("Ask the owner of the resource.")
    if grant.failure is not None:
        return gettext("What hinders it stands below.")
    if grant.due_at is None:
        return gettext("The portal does not change it by itself. Ask the owner of the resource.")
    if finding == Finding.STILL_THERE:
        return gettext("The portal takes it away again.")
    return gettext("The portal gives it again now; try to open it in a moment.")


def _timeline(shown: GrantView) -> list[Entry]:
    grant, tries = shown.grant, list(reversed(shown.deliveries))
    before_end = next((at for at, each in enumerate(tries) if each.action == "remove"), len(tries))
    lines = [Entry(kind="success", title=gettext("Approved"), at=grant.approved_at)]
    lines += _entries(tries[:before_end])
    if grant.ending is not None:
        lines.append(_end(grant))
    lines += _entries(tries[before_end:])
    if has_ended(grant.state) and before_end == len(tries):
        lines.append(Entry(kind="neutral", title=gettext("Over, and nothing was given"), at=grant.ended_at))
    return lines


def _end(grant: Grant) -> Entry:
    if grant.ending == GrantState.EXPIRED:
        return Entry(kind="neutral", title=gettext("The approved time was over"), at=grant.expires_at)
    title = gettext("Given back by") if grant.ending == GrantState.RETURNED else gettext("Ended by")
    name = grant.ended_by.name if grant.ended_by else ""
    return Entry(kind="neutral", title=title, by=name, remark=grant.end_reason)


def _entries(tries: Sequence[GrantDelivery]) -> list[Entry]:
    """Tell what happened several times in a row once, with when it happened last."""
    lines: list[Entry] = []
    for _, some in groupby(map(_entry, tries), key=lambda each: (each.title, each.by, each.remark)):
        *earlier, last = some
        if earlier:
            title = gettext("%(what)s, %(num)s times", what=last.title, num=len(earlier) + 1)
            last = replace(last, title=title)
        lines.append(last)
    return lines


def _entry(tried: GrantDelivery) -> Entry:
    failure = failure_words(Failure.from_json(tried.failure)) if tried.failure else None
    answer = tried.answer or {}
    found = finding_words(answer["finding"]) if tried.action == "check" and "finding" in answer else ""
    return Entry(
        kind="success" if tried.is_done else "warning" if failure else "neutral",
        title=try_words(tried.action, is_done=tried.is_done, is_failure=failure is not None),
        at=tried.began_at,
        by=str(answer.get("given_by" if tried.action == "deliver" else "taken_by", "")),
        remark=failure.title if failure else found,
    )
