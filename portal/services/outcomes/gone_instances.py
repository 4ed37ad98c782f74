"""Approvals whose instance was deleted in DingTalk: nothing decides them any more, so a person may close them.

That it is gone says nothing about how it ended, so no outcome is made up; least of all is it approved.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from portal.channels.failures import INSTANCE_GONE, Failure
from portal.clock import Clock
from portal.database import transaction
from portal.models import AccessRequest, Approval, Person
from portal.rules.approval_state import ApprovalState
from portal.services.approval_rows import move, sum_up_request
from portal.services.audit import Actor, record
from portal.services.faults import NotThere, Problem, ProblemReason
from portal.services.outcomes.deciders import end_turns

READ_CALL = "getProcessInstance"
# Right after its start DingTalk may not find an instance for a moment; by then minutes have passed.
TRIES_BEFORE_THE_FIRST_READ = 6


@dataclass(frozen=True, kw_only=True)
class GoneInstances:
    """Closes what can no longer be decided."""

    clock: Clock

    def close(self, actor: Actor, person: Person, number: str) -> None:
        """Close a request's approvals whose instances are gone: as withdrawn by its requester, else as ended.

        Raises ``NotThere`` unless this is the requester or an admin, ``Problem`` when nothing of it is gone.
        """
        person_id, is_admin = person.id, person.is_organization_admin
        with transaction() as session:
            found = session.scalar(select(AccessRequest).filter_by(number=number))
            if found is None or not (is_admin or found.requester_id == person_id):
                raise NotThere
            approvals = session.scalars(
                select(Approval)
                .where(Approval.request_id == found.id)
                .order_by(Approval.id)
                .with_for_update(of=Approval)
                .execution_options(populate_existing=True)
            ).all()
            gone = [each for each in approvals if is_gone(each)]
            if not gone:
                raise Problem(ProblemReason.NOT_GONE)
            now = self.clock.now()
            own = found.requester_id == person_id
            for approval in gone:
                move(approval, ApprovalState.WITHDRAWN if own else ApprovalState.TERMINATED)
                approval.closed_at, approval.due_at, approval.failure = now, None, None
                end_turns(approval)
            sum_up_request(found, at=now)
            record(
                session,
                actor,
                "request.closed_as_gone",
                at=now,
                subject=("access_request", number),
                after={"state": found.state, "instance_ids": [each.instance_id for each in gone]},
            )


def is_gone(approval: Approval) -> bool:
    """Whether DingTalk no longer knows the instance of an approval that it has shown before."""
    if approval.state != ApprovalState.PENDING or approval.failure is None:
        return False
    failure = Failure.from_json(approval.failure)
    was_there = approval.last_read_at is not None or approval.retries >= TRIES_BEFORE_THE_FIRST_READ
    return was_there and (failure.kind, failure.operation) == (INSTANCE_GONE, READ_CALL)
