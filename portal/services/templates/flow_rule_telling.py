"""Tells by which rule a flow finds its people: from the designed flow, else by asking for a second requester."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import select

from portal.channels.dingtalk.flow_rules_reading import DingTalkFlowRules
from portal.channels.failures import ChannelError
from portal.extensions import db
from portal.models import Person
from portal.rules.flow_proof import Superiors, compare, is_unclear, prove
from portal.rules.flow_rules import Node
from portal.services.faults import Problem
from portal.services.templates.template_flow import initiator_department

# Directory calls are not counted, but each takes its time.
MOST_ASKED_ABOUT = 8


@dataclass(frozen=True, kw_only=True)
class Initiator:
    """Somebody of an organisation to forecast for; the department as approval calls number it."""

    corp_id: str
    user_id: str
    department_id: int


@dataclass(frozen=True, kw_only=True)
class FlowRuleTelling:
    """Costs one counted call for the designed flow and, while a node is unclear without it, one more forecast."""

    channel: DingTalkFlowRules

    def tell(
        self,
        process_code: str,
        nodes: tuple[Node, ...],
        *,
        initiator: Initiator,
        forecast: Callable[[Initiator], tuple[Node, ...]],
    ) -> tuple[Node, ...]:
        """Return the ``nodes`` that were forecast for ``initiator`` with their rules as sure as can be.

        ``forecast`` asks for the same flow and another requester; when DingTalk refuses that, nodes stay unclear.
        """
        if not any(is_unclear(node) for node in nodes):
            return nodes
        designed = self.channel.as_designed(process_code, nodes)
        if designed is not None:
            nodes = designed
        if not any(is_unclear(node) for node in nodes):
            return nodes
        reading = SuperiorsReading(channel=self.channel)
        superiors = reading.of(initiator)
        nodes = compare(nodes, superiors)
        second = _second(initiator, superiors, reading)
        if second is None:
            return nodes
        other, others_superiors = second
        try:
            others_nodes = forecast(other)
        except ChannelError:
            return nodes
        return prove(nodes, superiors, others_nodes=others_nodes, others=others_superiors)


@dataclass(frozen=True, kw_only=True)
class SuperiorsReading:
    """Reads who stands above people, each department once."""

    channel: DingTalkFlowRules
    heads: dict[int, tuple[frozenset[str], ...] | None] = field(default_factory=dict)

    def of(self, initiator: Initiator) -> Superiors:
        department_id = initiator.department_id
        supervisors = self.channel.supervisors(initiator.user_id)
        if department_id not in self.heads:
            self.heads[department_id] = self.channel.heads(department_id)
        return Superiors(supervisors=supervisors, heads=self.heads[department_id])


def _second(
    first: Initiator, superiors: Superiors, reading: SuperiorsReading
) -> tuple[Initiator, Superiors] | None:
    """Return somebody with another supervisor; best one of another department, whose supervisor does not head it."""
    if superiors.supervisors is None:
        return None
    found: tuple[Initiator, Superiors] | None = None
    for other in others_than(first, limit=MOST_ASKED_ABOUT):
        above = reading.of(other)
        if not above.supervisors or above.supervisors == superiors.supervisors:
            continue
        if above.are_told_apart and above.heads != superiors.heads:
            return other, above
        if found is None or (above.are_told_apart and not found[1].are_told_apart):
            found = other, above
    return found


def others_than(first: Initiator, *, limit: int) -> list[Initiator]:
    """Return active people of the same organisation whom the portal knows, those met last first."""
    known = db.session.scalars(
        select(Person)
        .where(Person.is_active, Person.corp_id == first.corp_id, Person.user_id != first.user_id)
        .order_by(Person.refreshed_at.desc().nulls_last(), Person.id)
        .limit(limit)
    ).all()
    found = [each for each in map(initiator_of, known) if each is not None]
    db.session.rollback()
    return found


def initiator_of(person: Person) -> Initiator | None:
    """Return a person as somebody to forecast for, None for local admins and people without a department."""
    try:
        user_id, department_id = initiator_department(person)
    except Problem:
        return None
    return Initiator(corp_id=person.corp_id or "", user_id=user_id, department_id=department_id)
