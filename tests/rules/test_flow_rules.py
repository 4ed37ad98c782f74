"""How approvals run through a flow, and who would be passed over."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portal.rules.flow_rules import FlowMode, Node, NodePerson, NodeRule, NodeTask, judge_flow

NOBODYS = {
    NodeRule.SELECTED_BY_INITIATOR,
    NodeRule.AUTOMATIC,
    NodeRule.AUTOMATIC_REFUSAL,
    NodeRule.PARALLEL,
}
NODES = st.lists(
    st.builds(
        Node,
        name=st.sampled_from(["审批人", "Finance"]),
        task=st.sampled_from(NodeTask),
        rule=st.sampled_from(NodeRule),
        key=st.sampled_from([None, "manual_1"]),
        is_required=st.booleans(),
        people=st.lists(
            st.builds(NodePerson, user_id=st.just("1"), name=st.sampled_from(["Kate", "Iris"])), max_size=2
        ).map(tuple),
    ),
    max_size=4,
).map(tuple)


def node(rule: NodeRule, *people: str, task: NodeTask = NodeTask.APPROVE) -> Node:
    key = "manual_1" if rule == NodeRule.SELECTED_BY_INITIATOR else None
    found = tuple(NodePerson(user_id=name.lower(), name=name) for name in people)
    return Node(name="审批人", task=task, rule=rule, key=key, is_required=True, people=found)


CHOICE = node(NodeRule.SELECTED_BY_INITIATOR)


@given(nodes=NODES)
def test_nobody_who_decides_is_passed_over_without_being_named(nodes: tuple[Node, ...]) -> None:
    verdict = judge_flow(nodes)
    fixed = [each for each in nodes if each.task != NodeTask.BE_NOTIFIED and each.rule not in NOBODYS]
    if verdict.fills_nodes or not fixed:
        assert verdict.bypassed == ()
    else:
        assert all(
            {person.name for person in each.people} or {each.name} <= set(verdict.bypassed) for each in fixed
        )


def test_an_empty_flow_runs_peer_to_peer() -> None:
    verdict = judge_flow(())
    assert (verdict.mode, verdict.fills_nodes, verdict.bypassed) == (FlowMode.PEER_TO_PEER, False, ())


def test_one_node_to_choose_runs_peer_to_peer_and_is_filled() -> None:
    verdict = judge_flow((CHOICE,))
    assert (verdict.mode, verdict.fills_nodes) == (FlowMode.PEER_TO_PEER, True)


def test_a_choice_with_others_runs_the_full_flow_and_passes_nobody_over() -> None:
    verdict = judge_flow((CHOICE, node(NodeRule.SPECIFIED_MEMBERS, "Kate")))
    assert (verdict.mode, verdict.fills_nodes, verdict.bypassed) == (FlowMode.FULL_FLOW, True, ())


def test_a_flow_without_a_choice_names_each_person_once() -> None:
    verdict = judge_flow(
        (node(NodeRule.SPECIFIED_MEMBERS, "Kate", "Iris"), node(NodeRule.SPECIFIED_MEMBERS, "Kate"))
    )
    assert verdict.bypassed == ("Kate", "Iris")


def test_people_who_only_get_a_copy_are_not_passed_over() -> None:
    assert judge_flow((node(NodeRule.SPECIFIED_MEMBERS, "Kate", task=NodeTask.BE_NOTIFIED),)).bypassed == ()
