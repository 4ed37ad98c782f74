"""Compares grants with their targets: what is missing is given again once, what is still there taken away again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.channels.failures import Failure, Retry
from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.grants.grant_target import Finding, Found, GrantTarget, TargetError, TargetName
from portal.log_context import work_about
from portal.models import Grant, GrantDelivery, GrantTargetSettings, Person
from portal.rules.grant_end import next_check
from portal.rules.grant_state import GrantState, has_ended
from portal.services.audit import PORTAL, record
from portal.services.faults import NotThere, Problem, ProblemReason
from portal.services.grants.grant_claims import Claim, claim_check
from portal.services.grants.grant_delivery import TARGET_BROKE
from portal.services.grants.grant_drift import FACTS, FINDING, FOUND_AT, REPAIRED_AT, SINCE_RESTORE
from portal.services.grants.grant_results import give_back_lease
from portal.services.grants.grant_rows import is_wanted, locked_grant
from portal.services.grants.task_people import keeps

log = structlog.get_logger(__name__)

EVERY = timedelta(minutes=5)
TOGETHER = 50
# A chore has a lease of a minute; what is left is looked at in the next round.
ROUND_SECONDS = 30.0
# A target that does not answer is left alone for a while: each look would wait for its time-out.
MOST_UNANSWERED = 3
PAUSE_WHILE_DOWN = timedelta(minutes=30)
# ``options`` of a target's settings: what is done about what is found to differ.
ON_DRIFT, REPAIR, REPORT = "on_drift", "repair", "report"
LACKING = frozenset({Finding.MISSING, Finding.LESS, Finding.ENDS_EARLIER})


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What a look told; exactly one of the two is set."""

    found: Found | None = None
    failure: Failure | None = None


@dataclass(frozen=True, kw_only=True)
class DriftCheck:
    """Looks at targets and writes down what differs. Looking changes nothing; repairs are deliveries."""

    clock: Clock
    targets: Mapping[TargetName, GrantTarget]

    def go_round(self) -> timedelta:
        """Check what is to be checked now; returns the pause until the next round."""
        until = time.monotonic() + ROUND_SECONDS
        due = (
            select(Grant.id)
            .where(Grant.check_at <= self.clock.now())
            .order_by(Grant.check_at)
            .limit(TOGETHER)
        )
        ids = db.session.scalars(due).all()
        db.session.rollback()
        unanswered = 0
        for grant_id in ids:
            if time.monotonic() >= until:
                break
            looked = self._check(grant_id)
            unanswered = unanswered + 1 if looked is not None and looked.failure is not None else 0
            if unanswered == MOST_UNANSWERED:
                return PAUSE_WHILE_DOWN
        return timedelta() if len(ids) == TOGETHER else EVERY

    def look(self, person: Person, grant_id: int) -> Looked:
        """Compare one grant at once, as its person or who keeps it cannot open the resource.

        Raises ``NotThere``; ``Problem(GRANT_BUSY)`` while it is being given or taken away.
        """
        grant = db.session.get(Grant, grant_id)
        if grant is None or not (grant.person_id == person.id or keeps(db.session(), person, grant)):
            raise NotThere
        was_never_begun = grant.leased_until is None
        db.session.rollback()
        looked = self._check(grant_id)
        if looked is None and was_never_begun:
            return Looked(found=Found(finding=Finding.MISSING, facts={"reason": "not_given_yet"}))
        if looked is None:
            raise Problem(ProblemReason.GRANT_BUSY)
        return looked

    def _check(self, grant_id: int) -> Looked | None:
        with work_about(grant=grant_id):
            now = self.clock.now()
            with transaction() as session:
                taken = claim_check(session, grant_id, now=now)
                if taken is None:
                    _put_off(session, grant_id, now=now)
                    return None
            began_at, began = self.clock.now(), time.monotonic()
            looked = self._ask(taken)
            took_ms = round((time.monotonic() - began) * 1000)
            with transaction() as session:
                self._settle(session, taken, looked, began_at=began_at, took_ms=took_ms)
            return looked

    def _ask(self, taken: Claim) -> Looked:
        target = self.targets.get(TargetName(taken.target)) if taken.target in set(TargetName) else None
        if target is None:
            return Looked(found=Found(finding=Finding.CANNOT_TELL))
        try:
            return Looked(found=target.check(taken.order))
        except TargetError as error:
            log.warning("grant.check_failed", **error.failure.told)
            return Looked(failure=error.failure)
        except Exception:
            log.exception("grant.target_broke")
            return Looked(failure=Failure(kind=TARGET_BROKE, retry=Retry.RETRYABLE))

    def _settle(
        self, session: Session, taken: Claim, looked: Looked, *, began_at: datetime, took_ms: int
    ) -> None:
        now = self.clock.now()
        locked = locked_grant(session, taken.grant_id)
        if locked is None:
            return
        session.add(
            GrantDelivery(
                grant_id=taken.grant_id,
                target=taken.target,
                action=taken.action.value,
                delivery_id=taken.order.delivery_id,
                began_at=began_at,
                took_ms=took_ms,
                is_done=looked.found is not None,
                answer=_told(looked.found) if looked.found else None,
                failure=looked.failure.to_json() if looked.failure else None,
            )
        )
        grant = locked.grant
        if grant.leased_until != taken.leased_until:
            return
        give_back_lease(locked, taken, now=now)
        grant.check_at = None if grant.check_at is None else next_check(now, spread=grant.id)
        if looked.found is not None:
            grant.checked_at = now
            if has_ended(grant.state) and taken.order.others:
                grant.check_at, grant.drift = None, None  # what is there is held by another grant
                return
            self._compare(session, grant, looked.found, now=now)

    def _compare(self, session: Session, grant: Grant, found: Found, *, now: datetime) -> None:
        if grant.due_at is not None or grant.failure is not None:
            return  # it is known not to be as wanted, and being worked on
        earlier = grant.drift or {}
        found = _seen_after_the_end(found) if has_ended(grant.state) else found
        differs = (found.finding in LACKING and is_wanted(grant, now)) or (
            found.finding == Finding.STILL_THERE and has_ended(grant.state)
        )
        if not differs:
            grant.drift = None
            if has_ended(grant.state) and found.finding != Finding.CANNOT_TELL:
                grant.check_at = None  # it is gone, and stays so as far as we are concerned
            return
        # What is missing after a restore may have been taken away on purpose after the backup.
        is_in_doubt = bool(earlier.get(SINCE_RESTORE)) and found.finding in LACKING
        is_to_repair = not earlier.get(REPAIRED_AT) and not is_in_doubt and self._repairs(session, grant)
        grant.drift = {
            **_told(found),
            FOUND_AT: now.isoformat(),
            REPAIRED_AT: now.isoformat() if is_to_repair else earlier.get(REPAIRED_AT),
            SINCE_RESTORE: is_in_doubt,
        }
        if is_to_repair:
            grant.due_at = now
        record(
            session,
            PORTAL,
            "grant.drift_found",
            at=now,
            subject=("grant", grant.id),
            after={"finding": found.finding.value, "is_repaired": is_to_repair, "state": grant.state},
        )

    @staticmethod
    def _repairs(session: Session, grant: Grant) -> bool:
        if grant.state not in (GrantState.ACTIVE, *(state for state in GrantState if has_ended(state))):
            return False
        settings = session.get(GrantTargetSettings, grant.target)
        return (settings.options if settings else {}).get(ON_DRIFT, REPAIR) == REPAIR


def _seen_after_the_end(found: Found) -> Found:
    """Targets compare with what was ordered: what is there as ordered is what should be gone."""
    if found.finding in (Finding.AS_WANTED, Finding.ENDS_EARLIER, Finding.LESS):
        return Found(finding=Finding.STILL_THERE, facts=found.facts)
    if found.finding == Finding.MISSING:
        return Found(finding=Finding.AS_WANTED, facts=found.facts)
    return found


def _told(found: Found) -> dict[str, Any]:
    return {FINDING: found.finding.value, FACTS: found.facts}


def _put_off(session: Session, grant_id: int, *, now: datetime) -> None:
    """Somebody is at work on it, or nobody ever was: looked at in the next round, or not at all."""
    locked = locked_grant(session, grant_id)
    if locked is not None and locked.grant.check_at is not None:
        locked.grant.check_at = now + EVERY
