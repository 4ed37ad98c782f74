"""What is passed to a start, for every way in which a flow can have changed since the requester chose."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portal.channels.approval_channel import StartOrder
from portal.channels.dingtalk.flow_filling import Filling, fill_flow
from portal.channels.failures import ChannelError, Failure, Retry
from portal.rules.approver_selection import Chosen, chosen_at
from portal.rules.flow_rules import Certainty, Node, NodePerson, NodeRule, NodeTask

KATE, DORA = NodePerson(user_id="kate", name="Kate"), NodePerson(user_id="dora", name="Dora")
SELECT = Node(
    id="s1",
    name="Approver",
    task=NodeTask.APPROVE,
    rule=NodeRule.SELECTED_BY_INITIATOR,
    key="key1",
    is_required=True,
)
FINANCE = Node(
    id="f1", name="Finance", task=NodeTask.APPROVE, rule=NodeRule.SPECIFIED_MEMBERS, people=(KATE,)
)
COPY = Node(
    id="c1",
    name="Copy",
    task=NodeTask.BE_NOTIFIED,
    rule=NodeRule.SELECTED_BY_INITIATOR,
    key="key9",
    is_required=True,
)
ORDER = StartOrder(
    process_code="PROC-1",
    requester_user_id="bob",
    department_id=1,
    approver_user_id="chen",
    values={},
    choices=None,
    acknowledged=frozenset(),
)


def fill(*nodes: Node, choices: tuple[Chosen, ...] | None = None, **changes: object) -> Filling:
    order = replace(ORDER, choices=choices, **changes)  # type: ignore[arg-type]
    return fill_flow(order, nodes, role_members=lambda role_id: (DORA,) if role_id == "7" else ())


def chose(node: Node, *people: NodePerson) -> Chosen:
    return chosen_at(node, 0, {each.user_id: each.name for each in people})


def selected(filling: Filling) -> dict[str, tuple[str, ...]]:
    return {each.actor_key: each.user_ids for each in filling.selected}


def refusal(*nodes: Node, choices: tuple[Chosen, ...] | None = None, **changes: object) -> Failure:
    with pytest.raises(ChannelError) as refused:
        fill(*nodes, choices=choices, **changes)
    assert refused.value.failure.retry == Retry.PERMANENT
    return refused.value.failure


def test_peer_to_peer_passes_the_approver_or_fills_the_only_node() -> None:
    assert fill() == Filling(approver_user_ids=("chen",))
    assert selected(fill(SELECT)) == {"key1": ("chen",)}
    second = replace(SELECT, id="s2", key="key2", is_required=False)
    assert selected(fill(SELECT, second)) == {"key1": ("chen",)}
    assert selected(fill(second)) == {"key2": ("chen",)}


def test_a_choice_fills_its_node_with_the_key_of_now_and_passes_nobody_instead() -> None:
    fresh = replace(SELECT, key="fresh", allows_several=True)
    filling = fill(fresh, FINANCE, choices=(chose(SELECT, DORA, KATE),))
    assert filling.approver_user_ids == ()
    assert selected(filling) == {"fresh": ("dora", "kate")}
    failure = refusal(SELECT, FINANCE, choices=(chose(SELECT, DORA, KATE),))
    assert failure.kind == "choice_not_allowed"


def test_a_role_limits_a_choice_to_its_members() -> None:
    by_role = replace(SELECT, roles={"7": "Finance"})
    assert selected(fill(by_role, FINANCE, choices=(chose(by_role, DORA),))) == {"key1": ("dora",)}
    failure = refusal(by_role, FINANCE, choices=(chose(by_role, KATE),))
    assert (failure.kind, failure.facts) == ("choice_not_allowed", {"node": "Approver", "people": "Kate"})


def test_a_node_that_nothing_was_chosen_for_asks_again() -> None:
    other = replace(SELECT, id="s2", name="Law", key="key2")
    failure = refusal(SELECT, other, FINANCE, choices=(chose(SELECT, DORA),))
    assert (failure.kind, failure.facts) == ("choice_missing", {"node": "Law"})
    optional = replace(other, is_required=False)
    assert selected(fill(SELECT, optional, FINANCE, choices=(chose(SELECT, DORA),))) == {"key1": ("dora",)}
    assert refusal(SELECT, FINANCE, choices=()).kind == "choice_missing"


def test_the_requester_is_never_passed_on_as_their_own_approver() -> None:
    bob = NodePerson(user_id="bob", name="Bob")
    assert refusal(SELECT, FINANCE, choices=(chose(SELECT, bob),)).kind == "choice_not_allowed"


def test_whoever_would_be_passed_over_must_have_been_accepted_by_name() -> None:
    failure = refusal(FINANCE, choices=(chose(SELECT, DORA),))
    assert (failure.kind, failure.facts) == ("bypass_not_acknowledged", {"people": "Kate"})
    assert refusal(FINANCE, acknowledged=frozenset({"Dora"})).kind == "bypass_not_acknowledged"
    accepted = frozenset({"Kate"})
    assert fill(FINANCE, acknowledged=accepted).approver_user_ids == ("chen",)
    filling = fill(FINANCE, acknowledged=accepted, choices=(chose(SELECT, DORA),))
    assert filling.approver_user_ids == ("dora",)


def test_a_copy_that_the_flow_insists_on_goes_to_the_approver_or_the_first_who_may_get_it() -> None:
    assert selected(fill(SELECT, COPY)) == {"key1": ("chen",), "key9": ("chen",)}
    listed = replace(COPY, candidates=(KATE, DORA))
    assert selected(fill(SELECT, listed))["key9"] == ("kate",)
    assert selected(fill(SELECT, replace(COPY, key=None))) == {"key1": ("chen",)}
    assert selected(fill(SELECT, replace(COPY, is_required=False))) == {"key1": ("chen",)}


def test_a_node_that_cannot_be_filled_makes_the_flow_unusable() -> None:
    assert refusal(SELECT, replace(SELECT, id="s2", key=None)).kind == "flow_not_usable"


def said_by_dingtalk(kind: str) -> ChannelError:
    return ChannelError(Failure(kind=kind, retry=Retry.PERMANENT, operation="start", code="x"))


@pytest.mark.parametrize("kind", ["approver_missing", "approver_out_of_range"])
def test_dingtalks_refusal_means_another_choice_only_where_somebody_chose_and_choosing_helps(
    kind: str,
) -> None:
    def told(filling: Filling) -> str:
        return filling.telling(said_by_dingtalk(kind)).failure.kind

    choices = (chose(SELECT, DORA),)
    assert told(fill(SELECT, FINANCE, choices=choices)) == "choice_refused"
    assert told(fill(SELECT)) == kind
    assert told(fill(SELECT, FINANCE, replace(COPY, key=None), choices=choices)) == kind
    assert fill(SELECT, FINANCE, choices=choices).telling(said_by_dingtalk("throttled")).failure.kind == (
        "throttled"
    )


def test_a_rule_that_was_proved_counts_also_where_the_forecast_does_not_tell_it() -> None:
    found = replace(FINANCE, rule=NodeRule.RESOLVED, certainty=Certainty.CONSISTENT_WITH)
    head = replace(FINANCE, rule=NodeRule.DEPARTMENT_HEAD, certainty=Certainty.PROVED)
    assert selected(fill(SELECT, found)) == {"key1": ("chen",)}
    # Heads of departments are not supported: only peer to peer is left, and they would be passed over.
    assert refusal(SELECT, found, known=(head,)).kind == "bypass_not_acknowledged"
