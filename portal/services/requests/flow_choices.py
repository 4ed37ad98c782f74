"""The requester's side of a template's own flow: whom they may choose, who decides besides, and what they chose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from portal.channels.approval_channel import FlowForecasts
from portal.extensions import db
from portal.models import Person
from portal.rules.approver_selection import (
    MOST_PEOPLE,
    Chosen,
    allowed_at,
    check_selection,
    chosen_at,
    nodes_to_choose,
)
from portal.rules.flow_rules import Node, NodePerson, NodeRule, NodeTask
from portal.services.faults import FieldFault
from portal.services.outcomes.deciders import ExpectedDecider
from portal.services.people import People
from portal.services.requests.flow_question import FlowQuestion

# Nobody stands behind these nodes who could be missing.
_WITHOUT_PEOPLE = frozenset(
    {NodeRule.AUTOMATIC, NodeRule.AUTOMATIC_REFUSAL, NodeRule.CONDITION, NodeRule.PARALLEL}
)


@dataclass(frozen=True, kw_only=True)
class SentChoice:
    """What a form says about one node; ``group`` is of which group of items, empty where there is one."""

    node_id: str
    user_ids: tuple[str, ...]
    group: str = ""


@dataclass(frozen=True, kw_only=True)
class Picker:
    """One node to choose at: ``people`` may be chosen (None: anybody, by name), ``chosen`` are to begin with."""

    index: int
    node: Node
    people: tuple[NodePerson, ...] | None
    chosen: tuple[NodePerson, ...]


@dataclass(frozen=True, kw_only=True)
class FlowOffer:
    """The flow as a requester sees it: what they choose, who decides besides, who gets a copy."""

    pickers: tuple[Picker, ...]
    also: tuple[Node, ...]
    copies: tuple[Node, ...]

    @property
    def unfound(self) -> tuple[Node, ...]:
        """The nodes for which DingTalk found nobody, like the supervisor of somebody who has none."""
        return tuple(node for node in self.also if not node.people and node.rule not in _WITHOUT_PEOPLE)


@dataclass(frozen=True, kw_only=True)
class Settled:
    """A choice that can be stored. ``approver_id`` is our id of the first person chosen, else of the first found."""

    template_id: int
    chosen: tuple[Chosen, ...]
    approver_id: int | None
    expected: tuple[ExpectedDecider, ...]

    @property
    def told(self) -> list[dict[str, object]]:
        """Who was chosen where, for the audit trail."""
        return [{"node": each.node_name, "people": list(each.names)} for each in self.chosen]


@dataclass(frozen=True, kw_only=True)
class FlowChoices:
    """Asks for the flow of one request and checks what was chosen. Every method may raise ``ChannelError``."""

    people: People
    forecasts: FlowForecasts

    def offer(
        self,
        question: FlowQuestion,
        *,
        preferred: NodePerson | None = None,
        sent: Sequence[SentChoice] | None = None,
    ) -> FlowOffer:
        """Return what there is to choose; ``preferred`` is chosen at the first node unless something was ``sent``."""
        nodes = self._nodes(question)
        pickers = []
        for index, node in enumerate(nodes_to_choose(nodes)):
            allowed = self._allowed(question, node)
            if sent is not None:
                chosen = self.named(corp_id=question.corp_id, user_ids=_sent_for(node, index, sent))
            else:
                chosen = _to_begin_with(node, preferred if index == 0 else None)
            pickers.append(
                Picker(
                    index=index,
                    node=node,
                    people=_people(allowed) if allowed is not None else None,
                    chosen=tuple(each for each in chosen if _may_be(each, question, allowed)),
                )
            )
        asked = {node.id for node in nodes_to_choose(nodes)}
        others = [node for node in nodes if node.id not in asked]
        return FlowOffer(
            pickers=tuple(pickers),
            also=tuple(node for node in others if node.task != NodeTask.BE_NOTIFIED),
            copies=tuple(node for node in others if node.task == NodeTask.BE_NOTIFIED and node.people),
        )

    def settle(self, question: FlowQuestion, sent: Sequence[SentChoice], *, group: str = "") -> Settled:
        """Check what was chosen against the flow as it is now, and remember the people.

        Raises ``FieldFault("choice", …)`` with the ``index`` and name of the ``node`` it is about, and the ``group``
        of items that is asked for.
        """
        try:
            return self._settle(question, sent)
        except FieldFault as fault:
            if group:
                fault.facts["group"] = group
            raise

    def _settle(self, question: FlowQuestion, sent: Sequence[SentChoice]) -> Settled:
        nodes = self._nodes(question)
        to_choose = nodes_to_choose(nodes)
        if sent and {each.node_id for each in sent} != {node.id for node in to_choose}:
            raise _fault("flow_changed", to_choose[0] if to_choose else None, 0)
        by_id = {each.node_id: each.user_ids for each in sent}
        chosen: list[Chosen] = []
        approver_id = None
        for index, node in enumerate(to_choose):
            user_ids = tuple(dict.fromkeys(by_id.get(node.id, ())))
            allowed = self._allowed(question, node) if user_ids else None
            fault = check_selection(
                node, user_ids, requester_user_id=question.requester_user_id, allowed=allowed
            )
            if fault is not None:
                raise _fault(fault.value, node, index)
            people = self._remembered(user_ids, node, index)
            approver_id = approver_id or next((person_id for person_id, _ in people.values()), None)
            names = {user_id: name for user_id, (_, name) in people.items()}
            chosen.append(chosen_at(node, index, names))
        return Settled(
            template_id=question.template_id,
            chosen=tuple(chosen),
            approver_id=approver_id or self._first_found(question, nodes),
            expected=_expected(nodes, chosen),
        )

    def find(self, requester_user_id: str, query: str) -> tuple[NodePerson, ...]:
        """Find people who may be chosen where anybody may be: active, and not the requester."""
        found = self.people.search(query)
        return tuple(
            NodePerson(user_id=each.user_id, name=each.name)
            for each in found
            if each.user_id != requester_user_id
        )

    def named(self, *, corp_id: str, user_ids: Sequence[str]) -> tuple[NodePerson, ...]:
        """Return those of ``user_ids`` who are active in the organisation, by name."""
        wanted = list(dict.fromkeys(user_ids))[:MOST_PEOPLE]
        known = select(Person).where(Person.corp_id == corp_id, Person.user_id.in_(wanted))
        names = {each.user_id: each.name for each in db.session.scalars(known) if each.is_active}
        db.session.rollback()
        for user_id in wanted:
            found = self.people.directory.find(user_id) if user_id not in names else None
            if found is not None and found.is_active:
                names[user_id] = found.name
        return tuple(NodePerson(user_id=each, name=names[each]) for each in wanted if each in names)

    def _nodes(self, question: FlowQuestion) -> tuple[Node, ...]:
        nodes = self.forecasts.foresee(
            process_code=question.process_code,
            requester_user_id=question.requester_user_id,
            department_id=question.department_id,
            values=question.values,
        )
        known = {node.id: node for node in question.confirmed}
        return tuple(_with_known_rule(node, known.get(node.id)) for node in nodes)

    def _allowed(self, question: FlowQuestion, node: Node) -> dict[str, str] | None:
        allowed = allowed_at(node, self.forecasts.role_members)
        if allowed is not None:
            allowed.pop(question.requester_user_id, None)
        return allowed

    def _remembered(self, user_ids: Sequence[str], node: Node, index: int) -> dict[str, tuple[int, str]]:
        """Keep people and return our id and the name for each user id."""
        try:
            person_ids = [self.people.remember(each) for each in user_ids]
        except FieldFault as fault:
            raise _fault("not_active", node, index) from fault
        known = select(Person.id, Person.name).where(Person.id.in_(person_ids))
        names = {each.id: each.name for each in db.session.execute(known)}
        db.session.rollback()
        return {
            user_id: (person_id, names[person_id])
            for user_id, person_id in zip(user_ids, person_ids, strict=True)
        }

    def _first_found(self, question: FlowQuestion, nodes: Sequence[Node]) -> int | None:
        for person in (each for node in nodes if node.task != NodeTask.BE_NOTIFIED for each in node.people):
            if person.user_id != question.requester_user_id:
                return self.people.remember(person.user_id)
        return None


def choices_of(sent: Sequence[SentChoice], group: str, *, is_only: bool) -> tuple[SentChoice, ...]:
    """Return those of a form's choices that are about one group of items; none for a group that is new in it.

    A form that had one group and has one (``is_only``) is about the same, whoever can decide by now.
    """
    own = tuple(each for each in sent if each.group in ("", group))
    had_one = len({each.group for each in sent}) == 1
    return tuple(sent) if is_only and had_one else own


def _sent_for(node: Node, index: int, sent: Sequence[SentChoice]) -> tuple[str, ...]:
    """What was sent for this node: by its id, by its place where the flow was saved again meanwhile."""
    by_id = next((each.user_ids for each in sent if each.node_id == node.id), None)
    if by_id is not None:
        return by_id
    return sent[index].user_ids if index < len(sent) else ()


def _to_begin_with(node: Node, preferred: NodePerson | None) -> tuple[NodePerson, ...]:
    if preferred is not None and (node.is_open_to_anybody or node.roles or _holds(node, preferred)):
        return (preferred,)
    return node.people if node.allows_several else node.people[:1]


def _holds(node: Node, person: NodePerson) -> bool:
    return any(each.user_id == person.user_id for each in node.candidates)


def _may_be(person: NodePerson, question: FlowQuestion, allowed: Mapping[str, str] | None) -> bool:
    return person.user_id != question.requester_user_id and (allowed is None or person.user_id in allowed)


def _people(names: Mapping[str, str]) -> tuple[NodePerson, ...]:
    return tuple(NodePerson(user_id=user_id, name=name) for user_id, name in names.items())


def _with_known_rule(node: Node, confirmed: Node | None) -> Node:
    """A forecast may not say by which rule it found people; what a check of the template found is told instead."""
    if confirmed is None or node.rule != NodeRule.RESOLVED:
        return node
    return replace(node, rule=confirmed.rule, certainty=confirmed.certainty)


def _expected(nodes: Sequence[Node], chosen: Sequence[Chosen]) -> tuple[ExpectedDecider, ...]:
    by_id = {each.node_id: each for each in chosen}
    expected = []
    for node in nodes:
        choice = by_id.get(node.id)
        if choice is not None:
            pairs = list(zip(choice.user_ids, choice.names, strict=True))
        elif node.task != NodeTask.BE_NOTIFIED and node.rule != NodeRule.SELECTED_BY_INITIATOR:
            pairs = [(each.user_id, each.name) for each in node.people]
        else:
            pairs = []
        expected += [
            ExpectedDecider(user_id=user_id, name=name, node_name=node.name, rule=node.rule.value)
            for user_id, name in pairs
        ]
    return tuple(expected)


def _fault(reason: str, node: Node | None, index: int) -> FieldFault:
    return FieldFault("choice", reason, node=node.name if node else "", index=str(index))
