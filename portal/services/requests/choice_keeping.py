"""Who decides about an approval, written on its row: the policy's approver, or those whom the requester chose."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from portal.channels.approval_channel import ChannelName
from portal.models import Approval, ApprovalTemplate, Person, Resource
from portal.models.approval_template import TemplateMode
from portal.rules.approver_policy import ChoiceReason
from portal.services.faults import Problem, ProblemReason
from portal.services.outcomes.deciders import expect
from portal.services.requests.approver_candidates import read_candidates
from portal.services.requests.approver_choice import PossibleApprover
from portal.services.requests.deciding_groups import shared_approvers
from portal.services.requests.flow_choices import Settled


def keep_choice(
    session: Session,
    approval: Approval,
    template: ApprovalTemplate,
    *,
    resources: Sequence[Resource],
    settled: Settled | None,
    at: datetime,
    picked: PossibleApprover | None = None,
) -> None:
    """Write who decides, in the caller's commit; without ``settled`` an earlier choice stays.

    ``picked`` is whom the policy offers and the requester took; without, whoever decides stays if they still can.
    A choice for a template of full flow that was never made is written as none: the start then asks for it. Raises
    ``Problem`` as ``policy_approver`` does, or ``FLOW_CHANGED`` when another template came into use meanwhile.
    """

    def by_policy() -> None:
        keep_approver(approval, picked or policy_approver(session, approval, resources, at=at))

    if template.mode != TemplateMode.FULL_FLOW:
        if settled is not None:
            raise Problem(ProblemReason.FLOW_CHANGED)
        approval.chosen_approvers = None
        by_policy()
        expect(session, approval, ())
        return
    if settled is None:
        if approval.chosen_approvers is None:
            approval.chosen_approvers = []
            by_policy()
        return
    if settled.template_id != template.id:
        raise Problem(ProblemReason.FLOW_CHANGED)
    approval.chosen_approvers = [each.to_json() for each in settled.chosen]
    if settled.approver_id is None:
        by_policy()
    else:
        approval.approver = session.get_one(Person, settled.approver_id)
        approval.approver_reason = ChoiceReason.CHOSEN
        approval.approver_kind, approval.stands_in_for = None, None
    expect(session, approval, settled.expected)


def policy_approver(
    session: Session, approval: Approval, resources: Sequence[Resource], *, at: datetime
) -> PossibleApprover:
    """Return who decides about an approval of these resources by the policy of now; who does already comes first.

    Raises ``Problem``: ``NOBODY_DECIDES``, or of several resources ``NOBODY_DECIDES_ALL`` where no one person can
    decide about all of them any more.
    """
    request = approval.request
    if request is None:
        raise Problem(ProblemReason.NOBODY_DECIDES)
    possible = shared_approvers(
        session,
        read_candidates(session, at=at, channel=ChannelName(approval.channel)),
        resources,
        requester_id=request.requester.id,
        grantee_id=request.grantee.id,
    )
    if not possible and len(resources) > 1:
        raise Problem(ProblemReason.NOBODY_DECIDES_ALL, position=str(approval.position))
    if not possible:
        raise Problem(ProblemReason.NOBODY_DECIDES)
    return next((each for each in possible if each.person is approval.approver), possible[0])


def keep_approver(approval: Approval, approver: PossibleApprover) -> None:
    """Write on the row who decides, by which kind, why, and for whom on leave."""
    approval.approver, approval.approver_reason = approver.person, approver.reason
    approval.approver_kind = approver.kind
    approval.stands_in_for = approver.stands_in_for
