"""A designed flow as the tree that DingTalk keeps (DingTalk: api-premiumqueryschemaandprocessbycodelist)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.sandbox.api.forecast import RULE_NAMES
from portal.sandbox.approval import resolving
from portal.sandbox.approval.flow import START_ACTIVITY, IfNobody, Mode, Node, Rule, load
from portal.sandbox.tables import Person, Role, Template

ONE_PERSON, SEVERAL = 1, 2


def process_config(session: Session, template: Template, *, corp_id: str) -> dict[str, Any]:
    """The start node with what follows it; a node under a condition hangs in a route of its own."""
    writer = _Writer(session, corp_id=corp_id, labels=resolving.labels_of(template.components))
    start = {"type": "start", "nodeId": START_ACTIVITY, "name": "发起人", "properties": {}}
    return writer.chained(start, load(template.flow))


class _Writer:
    """Knows the names of people and roles, and the ids of the form's fields."""

    def __init__(self, session: Session, *, corp_id: str, labels: dict[str, str]) -> None:
        self._people = dict(session.execute(select(Person.userid, Person.name)).tuples().all())
        self._roles = dict(session.execute(select(Role.id, Role.name)).tuples().all())
        self._corp_id = corp_id
        self._labels = labels

    def chained(self, first: dict[str, Any], following: Sequence[Node]) -> dict[str, Any]:
        if not following:
            return first
        node, previous = following[0], first["nodeId"]
        child = self._route(node, previous) if node.when else self._node(node, previous)
        return {**first, "childNode": self.chained(child, following[1:])}

    def _route(self, node: Node, previous: str) -> dict[str, Any]:
        route = f"route_{node.activity_id}"
        inside = f"condition_{node.activity_id}"
        met = {
            "type": "condition",
            "nodeId": inside,
            "prevId": route,
            "name": "条件1",
            "properties": {"conditions": [[self._condition(name, node.when[name]) for name in node.when]]},
            "childNode": self._node(node, inside),
        }
        other = {
            "type": "condition",
            "nodeId": f"default_{node.activity_id}",
            "prevId": route,
            "name": "默认条件",
            "properties": {"conditions": []},
        }
        return {
            "type": "route",
            "nodeId": route,
            "prevId": previous,
            "name": "条件分支",
            "properties": {},
            "conditionNodes": [met, other],
        }

    def _condition(self, field: str, values: list[str]) -> dict[str, Any]:
        label = self._labels.get(field, field)
        return {
            "type": "dingtalk_actioner_value_condition",
            "paramKey": self._field_id(field),
            "paramLabel": label,
            "paramValues": values,
            "isEmpty": False,
        }

    def _node(self, node: Node, previous: str) -> dict[str, Any]:
        return {
            "type": node.actor.value,
            "nodeId": node.activity_id,
            "prevId": previous,
            "name": node.name,
            "properties": {
                "actionerRules": [{"type": RULE_NAMES[node.rule], "isEmpty": False, **self._told(node)}],
                "activateType": "ONE_BY_ONE" if node.mode is Mode.ONE_BY_ONE else "ALL",
                "agreeAll": node.mode is Mode.ALL,
                "approvalType": node.decision.value.upper(),
                "noneActionerAction": "admin" if node.if_nobody is IfNobody.ADMIN else "auto",
            },
        }

    def _told(self, node: Node) -> dict[str, Any]:
        tellers: dict[Rule, Callable[[Node], dict[str, Any]]] = {
            Rule.SELECTED_BY_INITIATOR: self._selection,
            Rule.SPECIFIED_MEMBERS: lambda one: {"approvals": self._approvals(one.people)},
            Rule.DIRECT_SUPERVISOR: self._report_line,
            Rule.DEPARTMENT_HEAD: lambda one: {"level": one.level, "autoUp": True},
            Rule.HEAD_OF_FORM_DEPARTMENT: self._form_department,
            Rule.ROLE: lambda one: self._labelled(one.roles),
            Rule.ROLE_IN_LEVELS: lambda one: {**self._labelled(one.roles), "levels": []},
            Rule.FORM_CONTACT: lambda one: {"paramKey": self._field_id(one.field)},
            Rule.CONSECUTIVE_SUPERVISORS: lambda one: {"level": one.level},
            Rule.FORMULA: lambda _one: {"formula": "IF(true,originator,originator)"},
        }
        teller = tellers.get(node.rule)
        return teller(node) if teller is not None else {}

    def _selection(self, node: Node) -> dict[str, Any]:
        offered = {"approvals": self._approvals(node.range)} if node.range else {}
        if node.roles:
            offered["labels"] = [
                {"labels": str(number), "labelNames": self._roles.get(number, "")} for number in node.roles
            ]
        told: dict[str, Any] = {
            "select": list(offered) or ["allStaff"],
            "range": offered,
            "multi": SEVERAL if node.multi else ONE_PERSON,
        }
        return {**told, "key": node.actor_key} if node.actor_key else told

    def _report_line(self, node: Node) -> dict[str, Any]:
        formula = f"ReportLineManager({self._corp_id},originator,{node.level})"
        return {"subType": "reportLineManager", "formula": formula}

    def _form_department(self, node: Node) -> dict[str, Any]:
        formula = f"ManagerOfDept({self._corp_id},{self._field_id(node.field)})"
        return {"subType": "managerOfDept", "formula": formula}

    def _labelled(self, numbers: list[int]) -> dict[str, Any]:
        return {
            "labels": [str(number) for number in numbers],
            "labelNames": [self._roles.get(number, "") for number in numbers],
        }

    def _approvals(self, userids: list[str]) -> list[dict[str, str]]:
        return [{"workNo": userid, "userName": self._people.get(userid, "")} for userid in userids]

    def _field_id(self, field: str) -> str:
        return next((number for number, label in self._labels.items() if label == field), field)
