"""Who decides about an approval, written on its row: the policy's approver, or those whom the requester chose."""

from __future__ import annotations

from sqlalchemy.orm import Session

from portal.models import Approval, ApprovalTemplate, Person, Resource
from portal.models.approval_template import TemplateMode
from portal.rules.approver_policy import ChoiceReason
from portal.services.faults import Problem, ProblemReason
from portal.services.outcomes.deciders import expect
from portal.services.requests.approver_choice import decide
from portal.services.requests.flow_choices import Settled


def keep_choice(
    session: Session,
    approval: Approval,
    template: ApprovalTemplate,
    *,
    resource: Resource,
    settled: Settled | None,
) -> None:
    """Write who decides, in the caller's commit; without ``settled`` an earlier choice stays.

    A choice for a template of full flow that was never made is written as none: the start then asks for it. Raises
    ``Problem``: ``NOBODY_DECIDES``, or ``FLOW_CHANGED`` when another template came into use since it was settled.
    """
    if template.mode != TemplateMode.FULL_FLOW:
        if settled is not None:
            raise Problem(ProblemReason.FLOW_CHANGED)
        approval.chosen_approvers = None
        _by_policy(approval, resource)
        expect(session, approval, ())
        return
    if settled is None:
        if approval.chosen_approvers is None:
            approval.chosen_approvers = []
            _by_policy(approval, resource)
        return
    if settled.template_id != template.id:
        raise Problem(ProblemReason.FLOW_CHANGED)
    approval.chosen_approvers = [each.to_json() for each in settled.chosen]
    if settled.approver_id is None:
        _by_policy(approval, resource)
    else:
        approval.approver = session.get_one(Person, settled.approver_id)
        approval.approver_reason = ChoiceReason.CHOSEN
    expect(session, approval, settled.expected)


def _by_policy(approval: Approval, resource: Resource) -> None:
    decided = decide(requester_id=approval.requester.id, resource=resource)
    if decided.approver is None or decided.reason is None:
        raise Problem(ProblemReason.NOBODY_DECIDES)
    approval.approver, approval.approver_reason = decided.approver, decided.reason
