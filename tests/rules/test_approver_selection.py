"""An earlier choice is found again in the flow of now, or not at all: never at a node it was not made for."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from portal.rules.approver_selection import (
    MOST_PEOPLE,
    Chosen,
    SelectionFault,
    allowed_at,
    check_selection,
    chosen_at,
    match_choices,
    nodes_to_choose,
    notified_nodes_to_fill,
)
from portal.rules.flow_rules import Node, NodePerson, NodeRule, NodeTask

_ids = count()


def node(name: str = "审批人", **facts: object) -> Node:
    made = Node(
        id=f"id{next(_ids)}",
        name=name,
        task=NodeTask.APPROVE,
        rule=NodeRule.SELECTED_BY_INITIATOR,
        key="manual_1",
        is_required=True,
    )
    return replace(made, **facts)  # type: ignore[arg-type]


def people(*user_ids: str) -> tuple[NodePerson, ...]:
    return tuple(NodePerson(user_id=each, name=each.title()) for each in user_ids)


def chosen(*nodes: Node) -> list[Chosen]:
    """One person for each node, called after its place."""
    return [chosen_at(each, place, {f"p{place}": f"P{place}"}) for place, each in enumerate(nodes)]


def places(found: tuple[Chosen | None, ...]) -> list[int | None]:
    return [each.index if each else None for each in found]


def saved_again(*nodes: Node) -> list[Node]:
    return [replace(each, id=f"id{next(_ids)}", key="manual_2") for each in nodes]


def test_only_nodes_of_deciders_that_have_a_key_are_chosen_at() -> None:
    copy = node(task=NodeTask.BE_NOTIFIED)
    handler, keyless = node(task=NodeTask.HANDLE), node(key=None)
    fixed = node(rule=NodeRule.SPECIFIED_MEMBERS, key=None)
    first = node()
    assert nodes_to_choose((first, copy, handler, keyless, fixed)) == (first, handler)
    optional = node(task=NodeTask.BE_NOTIFIED, is_required=False)
    assert notified_nodes_to_fill((first, copy, optional, keyless)) == (copy,)


def test_a_stored_choice_reads_back_as_it_was() -> None:
    made = chosen_at(node(candidates=people("kate", "dora"), roles={"7": "Finance"}), 1, {"kate": "Kate"})
    assert Chosen.from_json(made.to_json()) == made
    assert (made.candidates, made.roles, made.names) == (("dora", "kate"), ("7",), ("Kate",))
    # What an earlier version stored without the limits is read too.
    sparse = {"node_id": "a", "node_name": "b", "index": 0, "user_ids": ["kate"], "names": ["Kate"]}
    assert Chosen.from_json(sparse).user_ids == ("kate",)


def test_the_same_node_is_known_by_its_id_wherever_it_stands_and_whatever_it_is_called() -> None:
    first, second = node("A"), node("B")
    assert places(match_choices([second, first], chosen(first, second))) == [1, 0]
    assert places(match_choices([replace(first, name="C")], chosen(first))) == [0]


def test_a_flow_saved_again_is_matched_by_order_also_where_nodes_look_alike() -> None:
    nodes = [node(), node(), node("会签")]
    assert places(match_choices(saved_again(*nodes), chosen(*nodes))) == [0, 1, 2]


def test_a_new_node_among_alike_ones_is_nobodys() -> None:
    nodes = [node(), node()]
    assert places(match_choices(saved_again(*nodes, node()), chosen(*nodes))) == [None, None, None]


def test_what_alone_has_its_name_and_limits_is_found_beside_others_that_came_or_went() -> None:
    first, second = node("A"), node("B")
    assert places(match_choices(saved_again(second), chosen(first, second))) == [1]
    assert places(match_choices(saved_again(node("C"), first), chosen(first))) == [None, 0]


def test_other_limits_are_another_node() -> None:
    first = node(candidates=people("kate", "dora"))
    for changed in (
        replace(first, candidates=people("kate")),
        replace(first, is_required=False),
        replace(first, allows_several=True),
        replace(first, roles={"7": "Finance"}),
        replace(first, name="other"),
    ):
        assert places(match_choices(saved_again(changed), chosen(first))) == [None]
    in_other_order = replace(first, candidates=people("dora", "kate"))
    assert places(match_choices(saved_again(in_other_order), chosen(first))) == [0]


@given(
    st.lists(st.sampled_from("ABC"), max_size=5),
    st.lists(st.sampled_from("ABC"), max_size=5),
    st.data(),
)
def test_no_choice_is_used_twice_and_none_moves_to_a_node_of_another_name(
    then: list[str], now: list[str], draw: st.DataObject
) -> None:
    before = [node(name) for name in then]
    after = [node(name) for name in now]
    for place in range(min(len(before), len(after))):
        if before[place].name == after[place].name and draw.draw(st.booleans()):
            after[place] = before[place]  # saved again by parts keeps its id
    found = match_choices(after, chosen(*before))
    assert len(found) == len(after)
    used = [each.index for each in found if each]
    assert len(used) == len(set(used))
    assert all(each is None or each.node_name == place.name for each, place in zip(found, after, strict=True))


def check(made: Node, *user_ids: str, allowed: set[str] | None = None) -> SelectionFault | None:
    return check_selection(made, user_ids, requester_user_id="bob", allowed=allowed)


def test_who_asks_is_never_chosen_even_where_a_list_names_them() -> None:
    assert check(node(), "bob") == SelectionFault.YOURSELF
    assert check(node(allows_several=True), "kate", "bob", allowed={"kate", "bob"}) == SelectionFault.YOURSELF


def test_each_limit_of_a_node_is_kept() -> None:
    several = node(allows_several=True)
    assert check(node()) == SelectionFault.MISSING
    assert check(node(is_required=False)) is None
    assert check(node(), "kate", "dora") == SelectionFault.ONLY_ONE
    assert check(several, "kate", "dora") is None
    assert check(several, *(f"p{each}" for each in range(MOST_PEOPLE + 1))) == SelectionFault.TOO_MANY
    assert check(several, "kate", "dora", allowed={"kate"}) == SelectionFault.NOT_A_CANDIDATE
    assert check(several, "kate", allowed=set()) == SelectionFault.NOT_A_CANDIDATE


def test_lists_and_roles_together_say_who_may_be_chosen() -> None:
    made = node(candidates=people("kate"), roles={"7": "Finance", "8": "Law"})
    members = {"7": people("dora"), "8": people("kate", "iris")}
    assert set(allowed_at(made, members.__getitem__) or {}) == {"kate", "dora", "iris"}
    assert allowed_at(node(), members.__getitem__) is None
