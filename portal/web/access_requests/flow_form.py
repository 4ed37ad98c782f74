"""The part of a form in which a requester chooses approvers: what was sent, and what is drawn."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from portal.channels.failures import ChannelError, Failure
from portal.models import Person
from portal.rules.approver_selection import MOST_PEOPLE
from portal.rules.flow_rules import Node, NodePerson
from portal.services.faults import FieldFault
from portal.services.registry import services
from portal.services.requests.flow_choices import FlowOffer, Picker, SentChoice
from portal.web.access_requests.flow_words import NodeLine, line_of, missing_people
from portal.web.errors import Problem as ProblemWords
from portal.web.people.picker import LONGEST_QUERY
from portal.web.words.faults import fault_sentence

MOST_NODES = 60
USER_ID = re.compile(r"[^\x00-\x1f]{1,64}")


@dataclass(frozen=True, kw_only=True)
class Option:
    """One person who can be ticked."""

    user_id: str
    name: str
    is_chosen: bool


@dataclass(frozen=True, kw_only=True)
class ChoicePeople:
    """The people of one node: those already chosen, those listed, those found by name."""

    index: int
    allows_several: bool
    is_required: bool
    options: tuple[Option, ...]
    query: str = ""
    found: int = 0
    failure: Failure | None = None

    @property
    def is_open_choice(self) -> bool:
        """Whether it must be possible to take the only choice back."""
        return not self.allows_several and not self.is_required


@dataclass(frozen=True, kw_only=True)
class ChoiceField:
    """One node to choose at."""

    node: Node
    people: ChoicePeople
    is_searched: bool
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class FlowForm:
    """All that is drawn of a flow: what to choose, who decides besides, who gets a copy, and what is missing.

    ``group`` names its items in a form with several groups.
    """

    fields: tuple[ChoiceField, ...]
    also: tuple[NodeLine, ...]
    copies: tuple[NodeLine, ...]
    missing: tuple[ProblemWords, ...]
    group: str = ""


def sent_choices(sent: MultiDict[str, str]) -> tuple[SentChoice, ...]:
    """Return the choices of a form, in its order; whoever may not be chosen is found out by the service."""
    nodes, groups = sent.getlist("choice_node")[:MOST_NODES], sent.getlist("choice_group")
    return tuple(
        SentChoice(
            node_id=node_id,
            user_ids=_user_ids(sent, index),
            group=groups[index] if index < len(groups) else "",
        )
        for index, node_id in enumerate(nodes)
    )


def flow_form(
    offer: FlowOffer,
    *,
    requester: Person,
    sent: MultiDict[str, str],
    fault: FieldFault | None = None,
    group: str = "",
    first_index: int = 0,
) -> FlowForm:
    """Return what to draw; searches by name that the form was sent with are made again.

    ``first_index`` counts the nodes of the flows drawn before it in the same form.
    """
    its_fault = fault if fault is not None and fault.facts.get("group", group) == group else None
    return FlowForm(
        group=group,
        fields=tuple(_field(picker, requester, sent, its_fault, first_index) for picker in offer.pickers),
        also=tuple(line_of(node) for node in offer.also if node.people),
        copies=tuple(line_of(node) for node in offer.copies),
        missing=tuple(missing_people(node) for node in offer.unfound),
    )


def found_people(requester: Person, sent: MultiDict[str, str], *, index: int) -> ChoicePeople:
    """Return the people of one node after a search by name; the ones already ticked stay."""
    user_ids = _user_ids(sent, index)
    try:
        chosen = services().flow_choices.named(corp_id=requester.corp_id or "", user_ids=user_ids)
    except ChannelError:
        # Whoever is ticked stays ticked; the search below says what is wrong.
        chosen = tuple(NodePerson(user_id=each, name=each) for each in user_ids)
    return _searched(
        requester,
        chosen,
        index=index,
        query=_query(sent, index),
        allows_several="several" in sent,
        is_required="required" in sent,
    )


def _field(
    picker: Picker,
    requester: Person,
    sent: MultiDict[str, str],
    fault: FieldFault | None,
    first_index: int,
) -> ChoiceField:
    node, index = picker.node, first_index + picker.index
    if picker.people is None:
        people = _searched(
            requester,
            picker.chosen,
            index=index,
            query=_query(sent, index),
            allows_several=node.allows_several,
            is_required=node.is_required,
        )
    else:
        people = ChoicePeople(
            index=index,
            allows_several=node.allows_several,
            is_required=node.is_required,
            options=_options(picker.people, picker.chosen),
        )
    is_its = fault is not None and fault.field == "choice" and fault.facts.get("index") == str(picker.index)
    return ChoiceField(
        node=node,
        people=people,
        is_searched=picker.people is None,
        error=fault_sentence(fault) if fault is not None and is_its else "",
    )


def _searched(
    requester: Person,
    chosen: Sequence[NodePerson],
    *,
    index: int,
    query: str,
    allows_several: bool,
    is_required: bool,
) -> ChoicePeople:
    found: tuple[NodePerson, ...] = ()
    failure = None
    try:
        found = services().flow_choices.find(requester.user_id or "", query)
    except ChannelError as error:
        failure = error.failure
    listed = {each.user_id: each for each in (*chosen, *found)}
    return ChoicePeople(
        index=index,
        allows_several=allows_several,
        is_required=is_required,
        options=_options(tuple(listed.values()), chosen),
        query=query,
        found=len(found),
        failure=failure,
    )


def _options(people: Sequence[NodePerson], chosen: Sequence[NodePerson]) -> tuple[Option, ...]:
    ticked = {each.user_id for each in chosen}
    return tuple(
        Option(user_id=each.user_id, name=each.name, is_chosen=each.user_id in ticked) for each in people
    )


def _user_ids(sent: MultiDict[str, str], index: int) -> tuple[str, ...]:
    ticked = [each for each in sent.getlist(f"choice-{index}") if USER_ID.fullmatch(each)]
    return tuple(dict.fromkeys(ticked))[: MOST_PEOPLE + 1]


def _query(sent: MultiDict[str, str], index: int) -> str:
    return sent.get(f"q-{index}", "").replace("\x00", "").strip()[:LONGEST_QUERY]
