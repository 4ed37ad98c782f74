"""What is kept of a template's flow, and the person a forecast is made for."""

from __future__ import annotations

from typing import Any

from portal.channels.dingtalk.people import approval_department
from portal.models import Person
from portal.models.approval_template import TemplateMode
from portal.rules.flow_rules import Node, judge_flow
from portal.services.faults import Problem, ProblemReason


def flow_snapshot(nodes: tuple[Node, ...]) -> tuple[str, list[Any]]:
    """Return the mode and the nodes as they are stored with a template."""
    verdict = judge_flow(nodes)
    return TemplateMode(verdict.mode.value), [node.to_json() for node in nodes]


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
