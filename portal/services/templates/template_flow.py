"""What is kept of a template once an admin confirms it, and the person a forecast is made for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.channels.dingtalk.people import approval_department
from portal.models import ApprovalTemplate, Person
from portal.models.approval_template import TemplateMode
from portal.rules.flow_rules import FlowVerdict, Node, judge_flow
from portal.rules.template_field import TemplateField
from portal.services.audit import Actor
from portal.services.faults import Problem, ProblemReason
from portal.services.work.chores import ChoreName, wake_chore


def confirm(
    session: Session,
    row: ApprovalTemplate,
    *,
    fields: Sequence[TemplateField],
    nodes: tuple[Node, ...],
    bypass_accepted_by: Actor | None,
    at: datetime,
) -> FlowVerdict:
    """Make this form and this flow what later looks are compared with, and return what the flow is good for.

    Args:
        row: the template, which the caller names, maps and records in the audit trail.
        bypass_accepted_by: the admin who accepted that people in the flow are not asked; without one, what was
            accepted before stays as long as it covers everybody whom this flow would pass over.
    """
    verdict = judge_flow(nodes)
    row.mode, row.flow = flow_snapshot(nodes)
    row.fields = [field.to_json() for field in fields]
    row.verified_at, row.drift, row.check_failure = at, None, None
    if not verdict.passed_over:
        row.bypass_acknowledged, row.bypass_acknowledged_by_id = None, None
    elif bypass_accepted_by is not None:
        row.bypass_acknowledged = list(verdict.consent)
        row.bypass_acknowledged_by_id = bypass_accepted_by.person_id
    elif verdict.beyond(row.bypass_acknowledged or ()):
        row.bypass_acknowledged, row.bypass_acknowledged_by_id = None, None
    wake_check(session, at=at)
    return verdict


def wake_check(session: Session, *, at: datetime) -> None:
    """Let the associated template be looked at now: for a start that was refused for a reason of the template."""
    wake_chore(session, ChoreName.CHECK_TEMPLATE, at=at)


def flow_snapshot(nodes: tuple[Node, ...]) -> tuple[str, list[Any]]:
    """Return the mode and the nodes as they are stored with a template."""
    verdict = judge_flow(nodes)
    return TemplateMode(verdict.mode.value), [node.to_json() for node in nodes]


def confirmed_nodes(template: ApprovalTemplate) -> tuple[Node, ...]:
    """Return the flow as an admin confirmed it."""
    return tuple(Node.from_json(each) for each in template.flow)


def accepted_bypass(template: ApprovalTemplate) -> frozenset[str]:
    """Return what an admin accepted of those who would not be asked, empty if nobody did."""
    if template.bypass_acknowledged is None and template.bypass_acknowledged_by_id is not None:
        # Accepted before names were kept: it was all of the flow that was confirmed then.
        return frozenset(judge_flow(confirmed_nodes(template)).consent)
    return frozenset(template.bypass_acknowledged or ())


def initiator_department(person: Person) -> tuple[str, int]:
    """Return the DingTalk user id and department to start from.

    Raises ``Problem`` for local admins and for people without a department. The root department is 1 among
    contacts and -1 in approval calls (DingTalk: create-an-approval-instance).
    """
    if person.user_id is None:
        raise Problem(ProblemReason.NOT_A_DINGTALK_PERSON)
    if not person.departments:
        raise Problem(ProblemReason.NO_DEPARTMENT)
    return person.user_id, approval_department(person.departments[0])
