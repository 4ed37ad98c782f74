"""Who can decide about which items, as the form draws it: to pick from, or why nobody can."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from portal.models import Resource
from portal.services.faults import FieldFault
from portal.services.requests.approver_choice import PossibleApprover
from portal.services.requests.deciding_groups import DecidingGroup
from portal.services.requests.request_form import MOST_ITEMS
from portal.web.access_requests.basket import whole_number
from portal.web.words.approvers import NobodyWords, approver_reason, kind_name, nobody_words
from portal.web.words.faults import fault_sentence

FIELD = "approver-"


@dataclass(frozen=True, kw_only=True)
class ApproverOption:
    """One person who can decide: by which kind (empty: the fallback), and why."""

    person_id: int
    name: str
    kind: str
    reason: str
    is_picked: bool


@dataclass(frozen=True, kw_only=True)
class GroupFields:
    """One group of items: approvers to pick from, or for each resource why nobody can decide."""

    number: int
    name: str
    resources: tuple[Resource, ...]
    options: tuple[ApproverOption, ...]
    nobody: tuple[tuple[Resource, NobodyWords], ...]
    error: str = ""


def group_fields(
    groups: Sequence[DecidingGroup],
    resources: Sequence[Resource],
    *,
    picked: Mapping[str, int],
    fault: FieldFault | None,
) -> tuple[GroupFields, ...]:
    """Return what to draw of each group; ``picked`` are the approvers that the form was sent with."""
    is_about_approver = fault is not None and fault.field == "approver"
    return tuple(
        GroupFields(
            number=number,
            name=f"{FIELD}{group.key}",
            resources=tuple(resources[place] for place in group.places),
            options=_options(group, picked.get(group.key)),
            nobody=tuple(
                (resources[place], nobody_words(who.nobody))
                for place, who in zip(group.places, group.whos, strict=True)
                if who.nobody is not None
            ),
            error=fault_sentence(fault)
            if fault is not None and is_about_approver and fault.facts.get("group") == group.key
            else "",
        )
        for number, group in enumerate(groups, start=1)
    )


def sent_approvers(sent: MultiDict[str, str]) -> dict[str, int]:
    """Return our id of the approver picked for each group."""
    named = [name for name in sent if name.startswith(FIELD)][:MOST_ITEMS]
    numbers = {name.removeprefix(FIELD): whole_number(sent[name]) for name in named}
    return {key: number for key, number in numbers.items() if number is not None}


def _options(group: DecidingGroup, picked_id: int | None) -> tuple[ApproverOption, ...]:
    candidates = group.who.candidates
    picked = group.who.of(picked_id) or group.who.default
    return tuple(_option(each, is_picked=each is picked) for each in candidates)


def _option(candidate: PossibleApprover, *, is_picked: bool) -> ApproverOption:
    stands_in_for = candidate.stands_in_for.name if candidate.stands_in_for else ""
    return ApproverOption(
        person_id=candidate.person.id,
        name=candidate.person.name,
        kind=kind_name(candidate.kind) if candidate.kind else "",
        reason=approver_reason(candidate.reason, stands_in_for),
        is_picked=is_picked,
    )
