"""What is kept of a template's flow, and the person a forecast is made for."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from portal.models import Person
from portal.models.approval_template import TemplateMode
from portal.rules.flow_rules import Node, judge_flow
from portal.services.faults import Problem, ProblemReason

CONTACTS_ROOT = 1
APPROVAL_ROOT = -1


def flow_snapshot(nodes: tuple[Node, ...]) -> tuple[str, list[Any]]:
    """Return the mode and the nodes as they are stored with a template."""
    verdict = judge_flow(nodes)
    return TemplateMode(verdict.mode.value), [asdict(node) for node in nodes]


def bypassed_people(flow: list[Any]) -> tuple[str, ...]:
    """Return by name who would be passed over by starting peer to peer."""
    nodes = tuple(Node(**{**each, "people": tuple(each["people"])}) for each in flow)
    return judge_flow(nodes).bypassed


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


def approval_department(department_id: int) -> int:
    """Map a directory department to what approval calls want."""
    return APPROVAL_ROOT if department_id == CONTACTS_ROOT else department_id
