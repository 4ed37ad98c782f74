"""Through a designed flow: the requester chooses where the flow asks, and never what it does not allow."""

from __future__ import annotations

from typing import Any

import pytest

from portal.channels.failures import ChannelError
from portal.services.faults import FieldFault, Problem, ProblemReason
from portal.services.requests.flow_choices import SentChoice
from tests.portal_world import World
from tests.services.choosing_story import (
    FINANCE,
    SELECT,
    SUPERVISOR,
    ask_choosing,
    choices,
    choose_again,
    confirm_flow,
    design,
    offer,
    set_up_flow,
)
from tests.services.engines import on_both_engines
from tests.services.story import (
    actor_named,
    approval_of,
    ask,
    audited,
    calls,
    failure_of,
    fault,
    follow,
    instances,
    person_named,
    set_up,
    state_of,
    try_again,
    withdraw,
)

pytestmark = on_both_engines


def names(people: Any) -> list[str]:
    return [each.name.split()[0] for each in people]


def chosen_of(number: str) -> list[list[str]]:
    return [each["user_ids"] for each in approval_of(number).chosen_approvers or []]


def test_the_form_offers_what_the_flow_asks_and_names_who_decides_besides(world: World) -> None:
    set_up_flow(world, SELECT, FINANCE, SUPERVISOR)
    found = offer(world)
    (picker,) = found.pickers
    assert picker.people is None
    assert names(picker.chosen) == ["Chen"]  # the resource's owner, by policy
    assert [(node.name, names(node.people)) for node in found.also] == [
        ("财务", ["Kate"]),
        ("主管", ["Chen"]),
    ]
    assert found.unfound == ()


def test_a_requester_without_a_supervisor_is_told_before_submitting(world: World) -> None:
    set_up_flow(world, SELECT, SUPERVISOR)
    world.client("eve")
    assert [node.name for node in offer(world, who="eve").unfound] == ["主管"]


def test_everybody_whom_the_flow_names_decides(world: World) -> None:
    set_up_flow(world, SELECT, FINANCE, SUPERVISOR)
    number = ask_choosing(world, "dora")
    with world.app.app_context():
        approval = approval_of(number)
        assert (approval.approver.user_id, approval.approver_reason) == ("dora", "chosen")
        assert chosen_of(number) == [["dora"]]
        expected = [(each.user_id, each.rule != "", each.state) for each in approval.deciders]
        assert expected == [(each, True, "expected") for each in ("dora", "kate", "chen")]
    follow(world, number, "pending")
    instance_id = world.look(lambda: approval_of(number).instance_id)
    for person in ("dora", "kate", "chen"):
        assert world.look(lambda: state_of(number)) == "pending"
        world.act(instance_id, person, "agree")
    world.work_until(lambda: state_of(number) == "approved")


def test_the_flow_is_asked_for_when_it_is_drawn_when_it_is_sent_and_when_it_starts(world: World) -> None:
    set_up_flow(world, SELECT, FINANCE)
    before = calls(world, "forecast")
    number = ask_choosing(world, "dora")
    follow(world, number, "pending")
    assert calls(world, "forecast") - before == 3


def test_who_may_be_chosen_is_who_the_node_lists_without_the_requester(world: World) -> None:
    set_up_flow(world, {**SELECT, "range": ["bob", "dora", "kate"]}, FINANCE)
    (picker,) = offer(world).pickers
    assert names(picker.people) == ["Dora", "Kate"]
    assert picker.chosen == ()  # the policy's approver is no candidate here


BY_ROLE = {**SELECT, "roles": [200649095]}


def test_the_members_of_a_role_are_offered_and_nobody_else_is_taken(world: World) -> None:
    set_up_flow(world, BY_ROLE, SUPERVISOR)
    (picker,) = offer(world).pickers
    assert sorted(names(picker.people)) == ["Dora", "Kate"]
    world.client("dora")
    assert names(offer(world, who="dora").pickers[0].people) == ["Kate"]
    for who, people in (("bob", "chen"), ("dora", "dora")):
        with pytest.raises(FieldFault):
            ask_choosing(world, people, who=who)
    number = ask_choosing(world, "kate")
    follow(world, number, "pending")


ONE = {**SELECT, "multi": False}
LISTED = {**SELECT, "range": ["dora", "kate", "bob"]}
REFUSED = [
    (SELECT, "", "missing"),
    (SELECT, "bob", "yourself"),
    (SELECT, "dora bob", "yourself"),
    (LISTED, "bob", "yourself"),
    (LISTED, "chen", "not_a_candidate"),
    (LISTED, "dora chen", "not_a_candidate"),
    (ONE, "dora kate", "only_one"),
    (SELECT, "frank", "not_active"),
    (SELECT, "nobody-at-all", "not_active"),
    (SELECT, "victor", "not_active"),
]


@pytest.mark.parametrize(("node", "people", "reason"), REFUSED)
def test_what_the_flow_does_not_allow_is_refused_also_from_a_tampered_form(
    world: World, node: dict[str, Any], people: str, reason: str
) -> None:
    set_up_flow(world, node, FINANCE)
    with pytest.raises(FieldFault) as refused:
        ask_choosing(world, people)
    assert (refused.value.field, refused.value.reason) == ("choice", reason)
    assert refused.value.facts == {"node": "审批人", "index": "0"}
    assert world.look(lambda: audited("request.submitted")) == []


def test_a_form_that_was_drawn_for_another_flow_is_not_taken(world: World) -> None:
    set_up_flow(world, SELECT, FINANCE)
    sent = choices(world, "dora")
    design(world, SELECT, SUPERVISOR)
    with pytest.raises(FieldFault) as refused:
        ask(world, choices=sent)
    assert refused.value.reason == "flow_changed"
    # Drawn again, it still has what was chosen, by the place of the node.
    assert names(offer(world, choices=sent).pickers[0].chosen) == ["Dora"]


def test_an_optional_node_may_stay_open(world: World) -> None:
    set_up_flow(world, SELECT, {**SELECT, "name": "会签", "required": False}, FINANCE)
    number = ask_choosing(world, "dora", "")
    follow(world, number, "pending")
    assert world.look(lambda: chosen_of(number)) == [["dora"], []]


def test_several_people_at_one_node_all_arrive(world: World) -> None:
    set_up_flow(world, SELECT, FINANCE)
    number = ask_choosing(world, "dora iris")
    follow(world, number, "pending")
    with world.app.app_context():
        assert {each.user_id for each in approval_of(number).deciders} == {"dora", "iris", "kate"}


def test_peer_to_peer_asks_for_no_choice_and_takes_none(world: World) -> None:
    set_up(world)
    number = ask(world, choices=(SentChoice(node_id="x", user_ids=("dora",)),))
    follow(world, number, "pending")
    with world.app.app_context():
        approval = approval_of(number)
        assert (approval.approver.user_id, approval.chosen_approvers) == ("chen", None)


def test_a_flow_saved_again_unchanged_starts_with_the_choice(world: World) -> None:
    set_up_flow(world, SELECT, {**SELECT, "name": "会签"}, FINANCE)
    number = ask_choosing(world, "dora", "iris")
    design(world, SELECT, {**SELECT, "name": "会签"}, FINANCE)
    follow(world, number, "pending")


def test_a_flow_that_has_one_node_to_choose_left_starts_with_its_choice(world: World) -> None:
    set_up_flow(world, SELECT, {**SELECT, "name": "会签"}, FINANCE)
    number = ask_choosing(world, "dora", "iris")
    design(world, {**SELECT, "name": "会签"})
    follow(world, number, "pending")
    instance_id = world.look(lambda: approval_of(number).instance_id)
    world.act(instance_id, "iris", "agree")
    world.work_until(lambda: state_of(number) == "approved")


ANYBODY = {"kate": "Kate Xu 徐凯", "iris": "Iris He 何静"}
CHANGED = [
    ([SELECT, {**SELECT, "name": "法务"}, FINANCE], "choice_missing", {"node": "法务"}),
    ([{**SELECT, "range": ["kate"]}, FINANCE], "choice_missing", {"node": "审批人"}),
    ([{**SELECT, "name": "法务"}, FINANCE], "choice_missing", {"node": "法务"}),
]


@pytest.mark.parametrize(("nodes", "kind", "facts"), CHANGED)
def test_a_changed_flow_waits_for_another_choice_and_then_starts(
    world: World, nodes: list[dict[str, Any]], kind: str, facts: dict[str, str]
) -> None:
    set_up_flow(world, SELECT, FINANCE)
    number = ask_choosing(world, "dora")
    design(world, *nodes)
    world.work()
    with world.app.app_context():
        assert (state_of(number), failure_of(number)["kind"]) == ("needs_choice", kind)
        assert failure_of(number)["facts"] == facts
        approval = approval_of(number)
        assert (approval.attempt, approval.due_at, approval.request.state) == (0, None, "needs_choice")
        assert len(audited("start.needs_choice")) == 1
    assert instances(world) == []

    again = ["kate" if node.get("range") else "iris" for node in nodes if node["rule"] == SELECT["rule"]]
    choose_again(world, number, *again)
    follow(world, number, "pending")
    with world.app.app_context():
        assert chosen_of(number) == [[each] for each in again]
        assert approval_of(number).attempt == 1
        assert approval_of(number).approver.user_id == again[0]
        told = [
            {"node": node["name"], "people": [ANYBODY[each]]}
            for node, each in zip(nodes, again, strict=False)
        ]
        assert audited("request.approvers_chosen")[0].after == {"chosen": told}
    (instance,) = instances(world)
    assert number in instance["values"].values()


@pytest.mark.parametrize("code", ["400 targetSelectApproverMissing", "400 targetSelectApproverScopeError"])
def test_an_edit_between_forecast_and_start_waits_for_another_choice(world: World, code: str) -> None:
    set_up_flow(world, SELECT, FINANCE)
    number = ask_choosing(world, "dora")
    fault(world, "code_before", part=code)
    world.work()
    with world.app.app_context():
        assert (state_of(number), failure_of(number)["kind"]) == ("needs_choice", "choice_refused")
        assert failure_of(number)["code"] == code.split()[1]
    choose_again(world, number, "iris")
    follow(world, number, "pending")
    assert calls(world, "startProcessInstance") == 2
    assert len(instances(world)) == 1


def test_somebody_chosen_who_leaves_before_the_start_is_chosen_anew(world: World) -> None:
    set_up_flow(world, SELECT, FINANCE)
    number = ask_choosing(world, "dora iris")
    world.control("PATCH", "/people/iris", {"active": False})
    world.work()
    with world.app.app_context():
        assert (state_of(number), failure_of(number)["kind"]) == ("needs_choice", "chosen_left")
        assert failure_of(number)["facts"] == {"people": "Iris He 何静"}
    with pytest.raises(FieldFault):
        choose_again(world, number, "iris")
    choose_again(world, number, "dora")
    follow(world, number, "pending")


def test_a_request_that_waits_for_a_choice_can_be_withdrawn(world: World) -> None:
    set_up_flow(world, SELECT, FINANCE)
    number = ask_choosing(world, "dora")
    design(world, {**SELECT, "range": ["kate"]}, FINANCE)
    world.work()
    withdraw(world, number)
    with world.app.app_context():
        assert (state_of(number), approval_of(number).request.state) == ("withdrawn", "withdrawn")
    with pytest.raises(Problem) as over:
        choose_again(world, number, "kate")
    assert over.value.reason == ProblemReason.NOTHING_TO_CHOOSE
    assert instances(world) == []


def test_a_choice_is_asked_for_by_the_requester_alone(world: World) -> None:
    set_up_flow(world, SELECT, FINANCE)
    number = ask_choosing(world, "dora")
    with pytest.raises(Problem):
        choose_again(world, number, "iris")  # nothing waits for it yet
    design(world, {**SELECT, "range": ["kate"]}, FINANCE)
    world.work()
    with pytest.raises(Exception) as refused:
        choose_again(world, number, "kate", who="alice")
    assert type(refused.value).__name__ == "NotThere"


def test_trying_again_keeps_who_was_chosen(world: World) -> None:
    set_up_flow(world, SELECT, FINANCE)
    number = ask_choosing(world, "iris")
    fault(world, "code_before", part="400 needAuth")
    follow(world, number, "could_not_start")
    try_again(world, number)
    follow(world, number, "pending")
    with world.app.app_context():
        assert chosen_of(number) == [["iris"]]
        assert approval_of(number).approver.user_id == "iris"


def test_a_flow_without_a_choice_that_would_pass_people_over_does_not_start(world: World) -> None:
    set_up_flow(world, SELECT, FINANCE)
    number = ask_choosing(world, "dora")
    design(world, FINANCE)
    world.work()
    with world.app.app_context():
        assert (state_of(number), failure_of(number)["kind"]) == (
            "could_not_start",
            "bypass_not_acknowledged",
        )
    assert instances(world) == []


def test_a_flow_that_was_emptied_asks_everybody_who_was_chosen(world: World) -> None:
    set_up_flow(world, SELECT, {**SELECT, "name": "会签"}, FINANCE)
    number = ask_choosing(world, "dora", "iris")
    design(world)
    follow(world, number, "pending")
    instance_id = world.look(lambda: approval_of(number).instance_id)
    for person in ("dora", "iris"):
        assert world.look(lambda: state_of(number)) == "pending"
        world.act(instance_id, person, "agree")
    world.work_until(lambda: state_of(number) == "approved")


def test_a_silent_dingtalk_keeps_the_form_from_being_sent_and_stores_nothing(world: World) -> None:
    set_up_flow(world, SELECT, FINANCE)
    sent = choices(world, "dora")
    fault(world, "forecast_unsuccessful", operation="forecast")
    with pytest.raises(ChannelError):
        ask(world, choices=sent)
    assert world.look(lambda: audited("request.submitted")) == []
    number = ask(world, choices=sent)
    follow(world, number, "pending")


def test_the_same_form_sent_twice_is_one_request(world: World) -> None:
    set_up_flow(world, SELECT, FINANCE)
    sent = choices(world, "dora")
    key = "0123456789abcdef0123456789abcdef"
    first = ask(world, choices=sent, submission_key=key)
    design(world, FINANCE, SELECT)  # so that the choice would not fit any more
    assert ask(world, choices=sent, submission_key=key) == first


def test_a_template_that_became_peer_to_peer_needs_no_choice_any_more(world: World) -> None:
    set_up_flow(world, SELECT, FINANCE)
    number = ask_choosing(world, "dora")
    design(world, {**SELECT, "range": ["kate", "chen"]}, FINANCE)
    world.work()
    design(world, SELECT)
    confirm_flow(world)
    with world.app.app_context():
        requests = world.services.access_requests
        assert requests.flow(person_named("bob"), number) is None
        requests.choose_again(actor_named("bob"), person_named("bob"), number, ())
    follow(world, number, "pending")
    with world.app.app_context():
        assert approval_of(number).approver.user_id == "chen"
        assert approval_of(number).chosen_approvers is None


def test_a_template_that_became_full_flow_asks_for_a_choice_when_it_is_tried_again(world: World) -> None:
    set_up(world)
    number = ask(world)
    fault(world, "code_before", part="400 needAuth")
    follow(world, number, "could_not_start")
    design(world, SELECT, FINANCE)
    confirm_flow(world)
    try_again(world, number)
    world.work()
    with world.app.app_context():
        assert (state_of(number), failure_of(number)["kind"]) == ("needs_choice", "choice_missing")
        assert approval_of(number).approver.user_id == "chen"
    choose_again(world, number, "iris")
    follow(world, number, "pending")
    assert world.look(lambda: approval_of(number).approver.user_id) == "iris"
