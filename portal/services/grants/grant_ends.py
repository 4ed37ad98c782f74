"""Access that is given back, taken away, or to be tried again: people's words about a grant, each one transaction."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from portal.clock import Clock
from portal.database import transaction
from portal.grants.grant_target import TargetName
from portal.grants.manual import LEFT_BY
from portal.models import Grant, Person
from portal.rules.grant_state import GrantState, has_ended
from portal.services.audit import Actor, record
from portal.services.faults import FieldFault, NotThere, Problem, ProblemReason
from portal.services.grants.grant_drift import REPAIRED_AT, SINCE_RESTORE, found_to_differ
from portal.services.grants.grant_rows import begin_end, locked_grant
from portal.services.grants.task_people import keeps
from portal.services.notices.about_grants import promise_about_grant
from portal.services.notices.notice_promises import NoticeKind

LONGEST_REASON = 500


@dataclass(frozen=True, kw_only=True)
class GrantEnds:
    """Ends grants. Said twice, an end is said once; against another end, the first counts."""

    clock: Clock

    def give_back(self, actor: Actor, person: Person, grant_id: int) -> None:
        """Let somebody end their own access; raises ``NotThere`` for everybody else's."""
        with transaction() as session:
            grant = _locked(session, grant_id)
            if grant.person_id != person.id:
                raise NotThere
            self._end(session, actor, grant, GrantState.RETURNED, reason="")

    def revoke(self, actor: Actor, person: Person, grant_id: int, *, reason: str) -> None:
        """Take somebody's access away, for a reason of 1 to 500 characters that its person gets to read.

        Raises ``NotThere`` for who keeps no grants of this resource, ``FieldFault``, ``Problem(GRANT_OVER)``.
        """
        reason = reason.strip()
        with transaction() as session:
            grant = _kept(session, person, grant_id)
            if not reason:
                raise FieldFault("grant_reason", "missing")
            if len(reason) > LONGEST_REASON:
                raise FieldFault("grant_reason", "too_long", limit=str(LONGEST_REASON))
            if self._end(session, actor, grant, GrantState.REVOKED, reason=reason):
                promise_about_grant(
                    session,
                    grant,
                    NoticeKind.GRANT_REVOKED,
                    person=grant.person,
                    at=self.clock.now(),
                )

    def try_again(self, actor: Actor, person: Person, grant_id: int) -> None:
        """Let the target be asked again at once about a grant that is failing, or was found to differ.

        Raises ``NotThere`` for who keeps no grants of this resource, ``Problem(GRANT_NOT_FAILING)``.
        """
        now = self.clock.now()
        with transaction() as session:
            grant = _kept(session, person, grant_id)
            if grant.failure is None and found_to_differ(grant) is None:
                raise Problem(ProblemReason.GRANT_NOT_FAILING)
            if grant.failure is None:
                grant.drift = {**(grant.drift or {}), REPAIRED_AT: now.isoformat(), SINCE_RESTORE: False}
            grant.due_at, grant.retries = now, 0
            record(session, actor, "grant.tried_again", at=now, subject=("grant", grant.id))

    def leave_to_hands(self, actor: Actor, person: Person, grant_id: int) -> None:
        """Have people do what the target of a failing grant does not: from now on its target is by hand.

        Raises ``NotThere`` for who keeps no grants of this resource, ``Problem(GRANT_NOT_FAILING)``.
        """
        now = self.clock.now()
        with transaction() as session:
            grant = _kept(session, person, grant_id)
            if grant.failure is None or grant.target == TargetName.MANUAL:
                raise Problem(ProblemReason.GRANT_NOT_FAILING)
            before = grant.target
            # It may have given the access all the same: at the end somebody has to see to it.
            grant.delivery = {**(grant.delivery or {}), LEFT_BY: before}
            grant.target = TargetName.MANUAL.value
            grant.due_at, grant.retries = now, 0
            grant.failure = grant.check_at = grant.drift = None
            record(
                session,
                actor,
                "grant.left_to_hands",
                at=now,
                subject=("grant", grant.id),
                before={"target": before},
                after={"target": grant.target},
            )

    def _end(self, session: Session, actor: Actor, grant: Grant, end: GrantState, *, reason: str) -> bool:
        if GrantState(grant.ending or grant.state) == end:
            return False  # pressed twice, or in two windows
        if grant.ending is not None or has_ended(grant.state):
            raise Problem(ProblemReason.GRANT_OVER)
        now = self.clock.now()
        if grant.expires_at is not None and grant.expires_at <= now:
            raise Problem(ProblemReason.GRANT_OVER)
        begin_end(grant, end, at=now)
        grant.task_at = None
        grant.ended_by_id, grant.end_reason = actor.person_id, reason
        record(
            session,
            actor,
            f"grant.{end}",
            at=now,
            subject=("grant", grant.id),
            before={"state": grant.state},
            after={"ending": end.value, "reason": reason},
        )
        return True


def _kept(session: Session, person: Person, grant_id: int) -> Grant:
    grant = _locked(session, grant_id)
    if not keeps(session, person, grant):
        raise NotThere
    return grant


def _locked(session: Session, grant_id: int) -> Grant:
    found = locked_grant(session, grant_id)
    if found is None:
        raise NotThere
    return found.grant
