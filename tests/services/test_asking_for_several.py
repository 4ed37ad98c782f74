"""Several items in one request: grouped by who can decide, each group an approval with an instance of its own."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from portal.extensions import db
from portal.models import AccessRequest
from portal.services.faults import FieldFault, Problem, ProblemReason
from portal.services.requests.flow_choices import SentChoice
from tests.portal_world import World
from tests.services.choosing_story import FINANCE, SELECT, choose_again, confirm_flow, design
from tests.services.several_story import (
    PORTAL,
    REGIONS,
    SALES,
    UNOWNED,
    approvals_of,
    change_settings,
    choose_fallback,
    flow_groups,
    form_of,
    give_role,
    id_of,
    items_by_approval,
    offered_groups,
    requests_of,
    state_of_request,
    states_of,
)
from tests.services.story import ask, audited, instances, set_up


@pytest.fixture
def ready(world: World) -> World:
    set_up(world)
    return world


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([SALES], [("chen", ["sales-overview"])]),
        ([SALES, REGIONS], [("chen", ["sales-overview", "regional-revenue"])]),
        (
            [SALES, PORTAL, REGIONS],
            [("chen", ["sales-overview", "regional-revenue"]), ("alice", ["executive-portal"])],
        ),
        (
            [UNOWNED, PORTAL, SALES],
            [("iris", ["web-traffic"]), ("alice", ["executive-portal"]), ("chen", ["sales-overview"])],
        ),
    ],
)
def test_each_group_is_an_approval_that_starts_with_its_own_items(
    ready: World, items: list[dict[str, str]], expected: list[tuple[str, list[str]]]
) -> None:
    choose_fallback(ready, "iris")
    number = ask(ready, items=items)
    assert ready.look(lambda: items_by_approval(number)) == expected
    ready.work_until(lambda: states_of(number) == ["pending"] * len(expected))
    started = instances(ready)
    assert len(started) == len(expected)
    references = {
        approval.submitted_values["Request number"] for approval in ready.look(lambda: approvals_of(number))
    }
    assert references == {number if at == 1 else f"{number}.{at}" for at in range(1, len(expected) + 1)}


def test_a_form_tells_only_the_items_of_its_group_each_with_its_level(ready: World) -> None:
    number = ask(ready, items=[SALES, PORTAL, REGIONS])
    first, second = [form_of(each) for each in ready.look(lambda: approvals_of(number))]
    assert first["items"].split("\n")[0] == "Dashboard: Sales overview 销售总览 · Sales 销售 · View"
    assert "Regional revenue 区域收入 · Sales 销售 · View and export" in first["items"]
    assert "Executive portal" not in first["items"]
    assert first["level"] == "View / View and export"
    assert second["items"].startswith("Data portal: Executive portal 高管门户 · Headquarters 总部\n")
    assert second["level"] == "View"


def test_one_group_is_rejected_while_another_is_approved(ready: World) -> None:
    number = ask(ready, items=[SALES, PORTAL, REGIONS])
    ready.work_until(lambda: states_of(number) == ["pending", "pending"])
    by_chen, by_alice = [each.instance_id for each in ready.look(lambda: approvals_of(number))]
    assert by_chen
    assert by_alice
    ready.act(by_chen, "chen", "agree")
    ready.act(by_alice, "alice", "refuse")
    ready.work_until(lambda: states_of(number) == ["approved", "rejected"])
    assert ready.look(lambda: state_of_request(number)) == "partly_approved"


@pytest.mark.parametrize("is_here", [False, True])
def test_a_notice_names_the_items_of_its_approval_alone(ready: World, is_here: bool) -> None:
    change_settings(ready, is_in_platform_channel_on=is_here, prefers_in_platform=is_here)
    number = ask(ready, items=[SALES, PORTAL])
    if not is_here:
        ready.work_until(lambda: states_of(number) == ["pending", "pending"])
        for who, approval in zip(("chen", "alice"), ready.look(lambda: approvals_of(number)), strict=True):
            ready.act(str(approval.instance_id), who, "refuse")
    ready.work_until(lambda: len(told(ready)) == 2)
    sales, portal = ("Sales overview", "Executive portal")
    for person, text in told(ready):
        assert person == (
            {sales: "chen", portal: "alice"}[sales if sales in text else portal] if is_here else "bob"
        )
        assert (sales in text) != (portal in text)


def told(world: World) -> list[tuple[str, str]]:
    """Return who was sent a card in DingTalk, and what it says."""
    sent = world.control("GET", "/messages")["messages"]
    return [(each["person"], each["message"]["action_card"]["markdown"]) for each in sent]


def test_the_requester_picks_whom_of_several_to_ask_and_nobody_else(ready: World) -> None:
    change_settings(ready, approver_kinds=["data_work_owner", "permission_administrator"])
    give_role(ready, "kate", "permission_administrator")
    groups = offered_groups(ready, "sales-overview")
    (key, candidates) = groups[0]
    assert [name for name, _ in candidates] == ["chen", "kate"]
    kate_id, dora_id = dict(candidates)["kate"], id_of(ready, "dora")
    number = ask(ready, items=[SALES], approver_ids={key: kate_id})
    with ready.app.app_context():
        (approval,) = approvals_of(number)
        assert (approval.approver.user_id, approval.approver_kind) == ("kate", "permission_administrator")
    for sent in ({key: dora_id}, {key: id_of(ready, "bob")}, {"1-2-3": kate_id}):
        with pytest.raises(FieldFault) as fault:
            ask(ready, items=[SALES], approver_ids=sent)
        assert (fault.value.field, fault.value.reason) == ("approver", "changed")


def test_where_nobody_can_decide_about_one_item_nothing_is_stored(ready: World) -> None:
    with pytest.raises(Problem) as problem:
        ask(ready, items=[SALES, UNOWNED])
    assert problem.value.reason == ProblemReason.NOBODY_DECIDES
    assert requests_of(ready) == 0


def test_the_same_form_sent_twice_is_one_request_with_all_its_approvals(ready: World) -> None:
    numbers = {ask(ready, items=[SALES, PORTAL], submission_key="same") for _ in range(3)}
    assert len(numbers) == 1
    assert len(ready.look(lambda: approvals_of(numbers.pop()))) == 2


def test_through_a_designed_flow_each_group_has_its_own_choice(ready: World) -> None:
    design(ready, SELECT, FINANCE)
    confirm_flow(ready)
    (chen, alice) = flow_groups(ready, [SALES, PORTAL])
    sent = tuple(
        SentChoice(node_id=node, user_ids=(who,), group=group)
        for (group, node, _), who in zip((chen, alice), ("chen", "dora"), strict=True)
    )
    assert [preferred for _, _, preferred in (chen, alice)] == ["chen", "alice"]
    number = ask(ready, items=[SALES, PORTAL], choices=sent)
    ready.work_until(lambda: states_of(number) == ["pending", "pending"])
    assert [who for who, _ in ready.look(lambda: items_by_approval(number))] == ["chen", "dora"]
    with pytest.raises(FieldFault) as fault:
        ask(ready, items=[SALES, PORTAL], choices=sent[:1])
    assert (fault.value.field, fault.value.facts["group"]) == ("choice", alice[0])


def test_approvals_that_wait_for_another_choice_are_chosen_for_one_by_one(ready: World) -> None:
    design(ready, SELECT, FINANCE)
    confirm_flow(ready)
    sent = tuple(
        SentChoice(node_id=node, user_ids=("dora",), group=group)
        for group, node, _ in flow_groups(ready, [SALES, REGIONS, PORTAL])
    )
    number = ask(ready, items=[SALES, REGIONS, PORTAL], choices=sent)
    design(ready, {**SELECT, "range": ["kate", "iris"]}, FINANCE)
    ready.work_until(lambda: states_of(number) == ["needs_choice", "needs_choice"])
    choose_again(ready, number, "kate")
    ready.work_until(lambda: states_of(number) == ["pending", "needs_choice"])
    choose_again(ready, number, "iris")
    ready.work_until(lambda: states_of(number) == ["pending", "pending"])
    values = [form_of(each) for each in ready.look(lambda: approvals_of(number))]
    assert "Regional revenue" in values[0]["items"]
    assert "Executive portal" in values[1]["items"]


def test_on_behalf_of_a_colleague_nothing_starts_and_neither_of_them_decides(ready: World) -> None:
    choose_fallback(ready, "iris")
    number = ask(ready, items=[SALES, PORTAL], on_behalf_of="chen")
    with ready.app.app_context():
        request = db.session.scalars(select(AccessRequest).filter_by(number=number)).one()
        assert request.on_behalf_of is not None
        assert (request.on_behalf_of.user_id, request.acceptance) == ("chen", "asked")
        assert request.state == "awaiting_acceptance"
        assert [each.due_at for each in request.approvals] == [None, None]
        assert {each.approver.user_id for each in request.approvals} == {"iris", "alice"}
        assert form_of(request.approvals[0])["items"].startswith("For: Chen Wei")
    ready.work()
    assert instances(ready) == []


def test_decided_in_the_portal_every_group_waits_at_once_without_dingtalk(ready: World) -> None:
    change_settings(ready, is_dingtalk_channel_on=False, is_in_platform_channel_on=True)
    number = ask(ready, items=[SALES, PORTAL])
    with ready.app.app_context():
        approvals = approvals_of(number)
        assert [each.state for each in approvals] == ["pending", "pending"]
        assert [each.channel for each in approvals] == ["in_platform", "in_platform"]
        assert [each.submitted_values for each in approvals] == [None, None]
    ready.work()
    assert instances(ready) == []


def test_the_audit_trail_tells_who_decides_about_what(ready: World) -> None:
    ask(ready, items=[SALES, PORTAL])
    (entry,) = ready.look(lambda: audited("request.submitted"))
    told = entry.after["approvals"]
    assert [(each["approver"], [item["entitlement"] for item in each["items"]]) for each in told] == [
        ("Chen Wei 陈伟", ["view"]),
        ("Alice Zhang 张爱丽", ["view"]),
    ]
