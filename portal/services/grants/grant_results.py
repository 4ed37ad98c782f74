"""What a target answered, written down: the grant's state, its log, and who is told, in one commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.channels.failures import Failure, Retry
from portal.grants.grant_target import LEAVES_TO_HANDS, Delivered, Doing, TargetName
from portal.models import ApprovalSettings, Grant, GrantDelivery, Person
from portal.rules.grant_end import next_check
from portal.rules.grant_state import GrantState, has_ended
from portal.services.audit import PORTAL, Actor, record
from portal.services.grants.grant_claims import Claim
from portal.services.grants.grant_orders import Action
from portal.services.grants.grant_rows import Locked, locked_grants, move_grant
from portal.services.grants.task_people import tell_task_people
from portal.services.notices.about_grants import promise_about_grant
from portal.services.notices.notice_promises import NoticeKind
from portal.services.work.retry_pauses import pause_before_retry

# Who is asked to act by hand is reminded after this; a tool that leaves it to its own people is asked again.
REMINDED_AFTER = timedelta(days=3)
TOOL_ASKED_AGAIN_AFTER = timedelta(hours=1)
# A short trouble is nobody's news.
TOLD_AFTER_TRIES = 3
_TOO_LATE = Failure(kind="answered_too_late", retry=Retry.RETRYABLE)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What became of one try; exactly one of ``delivered`` and ``failure`` is set."""

    began_at: datetime
    took_ms: int
    delivered: Delivered | None = None
    failure: Failure | None = None


def settle_lot(session: Session, answered: Sequence[tuple[Claim, Answer | None]], *, now: datetime) -> None:
    """Write the answers to claims; one that was not ours any more is logged and changes nothing.

    Without an answer nothing was asked: it is due again at once.
    """
    locked = locked_grants(session, {taken.grant_id for taken, _ in answered})
    people = {found.grant.person_id for found in locked.values()}
    # Kept until the end: who is told of their access, and of what, is then not read for each.
    at_hand = [
        *session.scalars(select(Person).where(Person.id.in_(people))),
        session.get(ApprovalSettings, 1),
    ]
    # What is promised for one is not looked for by another: all is written at the end, in few statements.
    with session.no_autoflush:
        for taken, answer in answered:
            if taken.grant_id in locked:
                _settle(session, locked[taken.grant_id], taken, answer, now=now)
    session.flush()
    del at_hand


def _settle(session: Session, found: Locked, taken: Claim, answer: Answer | None, *, now: datetime) -> None:
    grant = found.grant
    is_ours = grant.leased_until == taken.leased_until
    if answer is None:
        if is_ours:
            _hand_back(found, taken, now=now)
        return
    if not is_ours:
        # Somebody took over after our lease, and what they are answered counts. A try that does not count must
        # not be one of those that give the next delivery its number.
        log_try(session, taken, replace(answer, delivered=None, failure=answer.failure or _TOO_LATE))
        return
    log_try(session, taken, answer)
    give_back_lease(found, taken, now=now)
    if answer.failure is not None:
        failed(session, grant, answer.failure, now=now)
    elif answer.delivered is not None and answer.delivered.doing == Doing.BY_HAND:
        _waits_for_a_hand(session, grant, answer.delivered, now=now)
    elif answer.delivered is not None:
        done(session, found, taken.action, answer.delivered.facts, now=now)


def _hand_back(found: Locked, taken: Claim, *, now: datetime) -> None:
    give_back_lease(found, taken, now=now)
    found.grant.due_at = now
    if taken.order.is_first_try:
        found.grant.leased_until = None  # it was never begun


def done(
    session: Session,
    found: Locked,
    action: Action,
    facts: dict[str, Any],
    *,
    now: datetime,
    actor: Actor = PORTAL,
) -> None:
    """Note that access was given, or taken away."""
    grant = found.grant
    before = grant.state
    grant.delivery = facts
    grant.failure, grant.retries, grant.task_at = None, 0, None
    if action == Action.DELIVER:
        _given(session, grant, now=now)
    else:
        _taken_away(session, found, now=now)
    record(
        session,
        actor,
        "grant.given" if action == Action.DELIVER else "grant.taken_away",
        at=now,
        subject=("grant", grant.id),
        before={"state": before},
        after={"state": grant.state, "ending": grant.ending},
    )


def failed(session: Session, grant: Grant, failure: Failure, *, now: datetime, actor: Actor = PORTAL) -> None:
    """Note that a target could not do it: tried again after a pause, or waiting for somebody's remedy."""
    is_for_good = failure.retry == Retry.PERMANENT
    before, was_failing_for_good = grant.state, grant.failure is not None and grant.due_at is None
    if not has_ended(grant.state):
        move_grant(grant, GrantState.FAILING)
    pause = pause_before_retry(failure, retries=grant.retries)
    grant.due_at = None if is_for_good else now + pause
    grant.failure, grant.task_at = failure.to_json(), None
    grant.retries += 1
    if before != grant.state or (is_for_good and not was_failing_for_good):
        record(
            session,
            actor,
            "grant.failing",
            at=now,
            subject=("grant", grant.id),
            before={"state": before},
            after={"state": grant.state, "failure": failure.kind, "ending": grant.ending},
        )
    if grant.ending is None and (is_for_good or grant.retries == TOLD_AFTER_TRIES):
        promise_about_grant(session, grant, NoticeKind.GRANT_FAILING, person=grant.person, at=now)


def give_back_lease(found: Locked, taken: Claim, *, now: datetime) -> None:
    """Let others work on the access again; who waited for our lease waits no longer."""
    found.grant.leased_until = now
    for each in found.others:
        if each.due_at == taken.leased_until:
            each.due_at = now


def log_try(session: Session, taken: Claim, answer: Answer, *, is_done: bool | None = None) -> None:
    """Add one line to the log of deliveries."""
    delivered = answer.delivered
    if is_done is None:
        is_done = delivered is not None and delivered.doing == Doing.DONE
    session.add(
        GrantDelivery(
            grant_id=taken.grant_id,
            target=taken.target,
            action=taken.action.value,
            delivery_id=taken.order.delivery_id,
            began_at=answer.began_at,
            took_ms=answer.took_ms,
            is_done=is_done,
            answer=delivered.facts if delivered else None,
            failure=answer.failure.to_json() if answer.failure else None,
        )
    )


def _given(session: Session, grant: Grant, *, now: datetime) -> None:
    if grant.ending is not None or has_ended(grant.state):
        grant.due_at = now  # it ended while it was being given
        return
    is_news = grant.active_at is None
    move_grant(grant, GrantState.ACTIVE)
    grant.active_at = grant.active_at or now
    grant.due_at = None
    grant.check_at = None if grant.target == TargetName.MANUAL else next_check(now, spread=grant.id)
    if is_news:
        promise_about_grant(session, grant, NoticeKind.GRANT_ACTIVE, person=grant.person, at=now)


def _taken_away(session: Session, found: Locked, *, now: datetime) -> None:
    grant = found.grant
    grant.due_at = None
    if has_ended(grant.state):
        return  # taken away once more, as it was found to be still there
    move_grant(grant, GrantState(grant.ending or GrantState.EXPIRED))
    grant.ended_at = now
    grant.check_at = None if grant.target == TargetName.MANUAL else next_check(now, spread=grant.id)
    if grant.ending == GrantState.EXPIRED and grant.active_at is not None and not found.in_effect(now):
        promise_about_grant(session, grant, NoticeKind.GRANT_EXPIRED, person=grant.person, at=now)


def _waits_for_a_hand(session: Session, grant: Grant, delivered: Delivered, *, now: datetime) -> None:
    is_new = grant.task_at is None
    grant.task_at = grant.task_at or now
    is_ours = grant.target in LEAVES_TO_HANDS
    grant.due_at = now + (REMINDED_AFTER if is_ours else TOOL_ASKED_AGAIN_AFTER)
    grant.delivery = {**(grant.delivery or {}), **delivered.facts} or None
    grant.failure, grant.retries = None, 0
    if is_ours:
        tell_task_people(session, grant, at=now)
    if is_new:
        record(
            session,
            PORTAL,
            "grant.task_given",
            at=now,
            subject=("grant", grant.id),
            after={"state": grant.state, "ending": grant.ending},
        )
