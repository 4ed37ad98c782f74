"""Passing an approval of the in-platform channel on to somebody else, where its approver cannot decide."""

from __future__ import annotations

from dataclasses import dataclass

from portal.channels.approval_channel import ChannelName
from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.models import Approval, Person
from portal.rules.approval_state import ApprovalState
from portal.rules.approver_policy import ChoiceReason
from portal.rules.permissions import Permission, only_reads
from portal.services.audit import Actor, record
from portal.services.decisions.begin import ask_approver
from portal.services.decisions.decider_key import decider_key
from portal.services.decisions.decisions import locked_in_platform
from portal.services.faults import FieldFault, NotThere, Problem, ProblemReason
from portal.services.permissions import require


@dataclass(frozen=True, kw_only=True)
class PassingOn:
    """Lets admins name another approver; they do not decide in anybody's place."""

    clock: Clock

    def waiting(self, admin: Person, approval_id: int) -> Approval:
        """Return an approval that waits for its decision in the portal.

        Raises ``NotAllowed`` without ``KEEP_GRANTS``, ``NotThere``, and ``Problem(NOT_YOUR_OWN)``.
        """
        require(admin, Permission.KEEP_GRANTS)
        found = db.session.get(Approval, approval_id)
        is_here = found is not None and found.channel == ChannelName.IN_PLATFORM
        if found is None or not is_here or found.state != ApprovalState.PENDING:
            raise NotThere
        _check_not_theirs(found, admin)
        return found

    def pass_on(self, actor: Actor, admin: Person, approval_id: int, *, to_person_id: int) -> None:
        """Let somebody else decide; passed on to who decides anyway, nothing changes.

        Raises ``NotAllowed`` without ``KEEP_GRANTS``, ``NotThere``, ``FieldFault("approver", …)`` for somebody who
        cannot decide about it, and ``Problem``: ``NOTHING_TO_DECIDE`` where no decision is waited for,
        ``NOT_YOUR_OWN`` where the admin asks for it or gets the access.
        """
        admin_id = admin.id
        with transaction() as session:
            # Read again: the role may have been taken since the request began.
            require(session.get_one(Person, admin_id), Permission.KEEP_GRANTS)
            approval = locked_in_platform(session, approval_id)
            _check_not_theirs(approval, admin)
            if approval.state != ApprovalState.PENDING:
                raise Problem(ProblemReason.NOTHING_TO_DECIDE, number=approval.number)
            chosen = session.get(Person, to_person_id)
            _check(approval, chosen)
            assert chosen is not None  # noqa: S101  checked above
            if chosen.id == approval.approver_id:
                return
            before = approval.approver
            _forget(approval, before)
            approval.approver, approval.approver_reason = chosen, ChoiceReason.PASSED_ON
            approval.approver_kind, approval.stands_in_for_id = None, None
            ask_approver(session, approval, at=self.clock.now())
            record(
                session,
                actor,
                "approval.passed_on",
                at=self.clock.now(),
                subject=("approval", approval.number),
                before={"approver": before.name, "position": approval.position},
                after={"approver": chosen.name},
            )


def _check_not_theirs(approval: Approval, admin: Person) -> None:
    """Who picks who decides about their own access has as good as decided."""
    request = approval.request
    if request is not None and admin.id in (request.requester_id, request.grantee_id):
        raise Problem(ProblemReason.NOT_YOUR_OWN, number=approval.number)


def _check(approval: Approval, chosen: Person | None) -> None:
    request = approval.request
    if chosen is None or not chosen.is_active:
        raise FieldFault("approver", "not_active")
    if only_reads(held.role for held in chosen.roles):
        raise FieldFault("approver", "audits")
    if request is not None and chosen.id in (request.requester_id, request.grantee_id):
        raise FieldFault("approver", "is_yourself")


def _forget(approval: Approval, approver: Person) -> None:
    key = decider_key(approver.id)
    approval.deciders = [row for row in approval.deciders if row.user_id != key]
