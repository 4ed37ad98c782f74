"""Who the nodes of a flow come to for one request: by the contacts, by the form, or by choice."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.sandbox.approval.flow import Actor, IfNobody, Node, Rule, Step
from portal.sandbox.cast import ROOT
from portal.sandbox.shapes import as_number, is_number
from portal.sandbox.tables import Department, Person, Relation, Role

DEEPEST = 20


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Who asks, from which department (-1 is the root), with which form ``values`` by label.

    ``labels`` are the labels of the template's fields by their ids.
    """

    person: Person
    department_id: int
    values: dict[str, str]
    labels: dict[str, str]

    def value_of(self, field: str) -> str:
        """What was filled in for a field named by id or label."""
        return self.values.get(self.labels.get(field, field), "")


def labels_of(components: Sequence[dict[str, Any]]) -> dict[str, str]:
    """The labels of a form's fields by id."""
    props = [component["props"] for component in components]
    return {
        str(each.get("componentId") or each.get("bizAlias")): str(each.get("label", "")) for each in props
    }


def path(nodes: Sequence[Node], *, origin: Origin) -> list[Node]:
    """The nodes that these values lead through."""
    return [
        node for node in nodes if all(origin.value_of(name) in values for name, values in node.when.items())
    ]


def steps(
    session: Session, nodes: Sequence[Node], *, origin: Origin, selected: Callable[[Node], list[str]]
) -> list[Step]:
    """The steps of an instance; ``selected`` gives the people chosen for a self-select node."""
    return [
        Step(
            activity_id=node.activity_id,
            name=node.name,
            actor=node.actor,
            mode=node.mode,
            userids=_taken_by(session, node, origin=origin, selected=selected),
            decision=node.decision,
        )
        for node in path(nodes, origin=origin)
    ]


def candidates(session: Session, node: Node) -> list[str]:
    """Who may be selected at a self-select node; empty means all staff."""
    return [*node.range, *(userid for userid in _members(session, node.roles) if userid not in node.range)]


def people_at(session: Session, node: Node, *, origin: Origin) -> list[str]:
    """Who the rule of ``node`` finds; empty when it finds nobody. A select node's are its preset people."""
    return _RULES[node.rule](session, node, origin)


def _taken_by(
    session: Session, node: Node, *, origin: Origin, selected: Callable[[Node], list[str]]
) -> list[str]:
    if node.rule is Rule.SELECTED_BY_INITIATOR:
        return selected(node)
    found = people_at(session, node, origin=origin)
    if found or node.if_nobody is IfNobody.PASS or node.actor is Actor.NOTIFIER:
        return found
    return _staff(session, Person.is_admin)[:1]


def _listed(_session: Session, node: Node, _origin: Origin) -> list[str]:
    return list(node.people)


def _supervisor(session: Session, node: Node, origin: Origin) -> list[str]:
    return _supervisors(session, origin)[node.level - 1 : node.level]


def _consecutive_supervisors(session: Session, node: Node, origin: Origin) -> list[str]:
    return _supervisors(session, origin)[: node.level]


def _supervisors(session: Session, origin: Origin) -> list[str]:
    found: list[str] = []
    above = origin.person.manager_userid
    while above and above not in found and len(found) < DEEPEST:
        found.append(above)
        person = session.get(Person, above)
        above = person.manager_userid if person else None
    return found


def _department_head(session: Session, node: Node, origin: Origin) -> list[str]:
    number = ROOT if origin.department_id < 0 else origin.department_id
    departments = _upwards(session, number)
    # DingTalk's ``autoUp``: a department without a head is answered for by the next one above.
    for department in departments[node.level - 1 :] or departments[-1:]:
        heads = _heads(session, department)
        if heads:
            return heads
    return []


def _head_of_form_department(session: Session, node: Node, origin: Origin) -> list[str]:
    numbers = [as_number(part.strip()) for part in origin.value_of(node.field).split(",")]
    found = [head for number in numbers if is_number(number) for head in _heads(session, number)]
    return list(dict.fromkeys(found))


def _initiator(_session: Session, _node: Node, origin: Origin) -> list[str]:
    return [origin.person.userid]


def _role(session: Session, node: Node, _origin: Origin) -> list[str]:
    return _members(session, node.roles)


def _role_in_levels(session: Session, node: Node, origin: Origin) -> list[str]:
    number = ROOT if origin.department_id < 0 else origin.department_id
    line = set(_upwards(session, number))
    return [
        userid
        for userid in _members(session, node.roles)
        if line & set(session.get_one(Person, userid).department_ids)
    ]


def _form_contact(session: Session, node: Node, origin: Origin) -> list[str]:
    try:
        named = json.loads(origin.value_of(node.field) or "[]")
    except (ValueError, RecursionError):
        return []
    working = _staff(session)
    return [str(userid) for userid in named if str(userid) in working] if isinstance(named, list) else []


_RULES: dict[Rule, Callable[[Session, Node, Origin], list[str]]] = {
    Rule.SELECTED_BY_INITIATOR: _listed,
    Rule.SPECIFIED_MEMBERS: _listed,
    Rule.DIRECT_SUPERVISOR: _supervisor,
    Rule.DEPARTMENT_HEAD: _department_head,
    Rule.HEAD_OF_FORM_DEPARTMENT: _head_of_form_department,
    Rule.INITIATOR: _initiator,
    Rule.ROLE: _role,
    Rule.ROLE_IN_LEVELS: _role_in_levels,
    Rule.FORM_CONTACT: _form_contact,
    Rule.MATRIX: _listed,
    Rule.CONSECUTIVE_SUPERVISORS: _consecutive_supervisors,
    Rule.FORMULA: _listed,
}


def _members(session: Session, numbers: list[int]) -> list[str]:
    roles = session.scalars(select(Role).where(Role.id.in_(numbers)))
    members = {userid for role in roles for userid in role.members}
    return [userid for userid in _staff(session) if userid in members]


def _heads(session: Session, department_id: int) -> list[str]:
    people = session.scalars(select(Person).where(Person.is_active).order_by(Person.position))
    return [person.userid for person in people if department_id in person.leads_department_ids]


def _upwards(session: Session, department_id: int) -> list[int]:
    found: list[int] = []
    department = session.get(Department, department_id)
    while department is not None and department.id not in found:
        found.append(department.id)
        department = session.get(Department, department.parent_id) if department.parent_id else None
    return found


def _staff(session: Session, *conditions: Any) -> list[str]:
    working = select(Person.userid).where(Person.is_active, Person.relation == Relation.STAFF, *conditions)
    return list(session.scalars(working.order_by(Person.position)))
