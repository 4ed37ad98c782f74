"""What people do in DingTalk's OA reaches the portal: who is asked, who may look, and what counts in the end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from portal.channels.approval_channel import Record, RecordKind, Turn, TurnState
from portal.extensions import db
from portal.rules.approval_state import ApprovalState
from portal.services.approval_records import told_in
from portal.services.deciders import ExpectedDecider, expect
from portal.services.faults import NotThere, Problem
from portal.services.request_search import Wanted, Whose
from tests.portal_world import World
from tests.services.engines import on_both_engines
from tests.services.story import (
    actor_named,
    approval_of,
    audited,
    calls,
    failure_of,
    follow,
    instances,
    person_named,
    set_up,
    started,
    state_of,
    withdraw,
)

pytestmark = on_both_engines

READ = "getProcessInstance"
CHEN, DORA, IRIS, KATE = "Chen Wei 陈伟", "Dora Wu 吴朵", "Iris He 何静", "Kate Xu 徐凯"


@pytest.fixture
def running(world: World) -> tuple[World, str, str]:
    """A world with a request that Chen decides, with the number and the instance's id."""
    set_up(world)
    code = world.control("GET", "/templates")["templates"][0]["process_code"]
    world.control("PATCH", f"/templates/{code}", {"allows_countersigning": True})
    number, instance_id = started(world)
    return world, number, instance_id


def act(world: World, instance_id: str, person: str, action: str, **more: Any) -> None:
    """Let somebody act with all that an act can carry."""
    world.control("POST", f"/instances/{instance_id}/actions", {"person": person, "action": action, **more})


def told(number: str) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(each.kind.value, each.who, each.others) for each in told_in(approval_of(number))]


def deciders(number: str) -> dict[str, str]:
    return {row.user_id: row.state for row in approval_of(number).deciders}


def asked_until(world: World, number: str, **states: str) -> None:
    """Work until these people stand so."""
    world.work_until(lambda: states.items() <= deciders(number).items(), seconds=30)


def list_of(world: World, person: str, whose: Whose) -> list[str]:
    with world.app.app_context():
        found = world.services.request_search.find(person_named(person), Wanted(whose=whose))
        return [each.number for each in found.requests]


def may_see(world: World, person: str, number: str) -> bool:
    """Whether page and poll are shown; both have to say the same."""
    client = world.client(person)
    page, poll = (client.get(f"/requests/{number}{path}").status_code for path in ("", "/status"))
    assert (page == 404) == (poll == 404)
    return page != 404


def test_a_countersigner_asked_first_is_waited_for_then_the_asker_again(
    running: tuple[World, str, str],
) -> None:
    world, number, instance_id = running
    assert not may_see(world, "dora", number)
    act(world, instance_id, "chen", "countersign_before", to=["dora"], remark="is this right?")
    asked_until(world, number, dora="waiting", chen="expected")
    assert may_see(world, "dora", number)
    assert list_of(world, "dora", Whose.TO_DECIDE) == [number]
    assert list_of(world, "chen", Whose.TO_DECIDE) == []

    act(world, instance_id, "dora", "agree")
    asked_until(world, number, dora="done", chen="waiting")
    assert world.look(lambda: state_of(number)) == "pending"
    assert list_of(world, "chen", Whose.TO_DECIDE) == [number]
    assert list_of(world, "dora", Whose.TO_DECIDE) == []
    assert list_of(world, "dora", Whose.DECIDED) == [number]

    act(world, instance_id, "chen", "agree")
    follow(world, number, "approved")
    assert world.look(lambda: told(number))[1:] == [
        ("countersign_before", CHEN, (DORA,)),
        ("agreed", DORA, ()),
        ("agreed", CHEN, ()),
    ]
    assert may_see(world, "dora", number)


def test_a_countersigner_asked_afterwards_who_refuses_ends_it(running: tuple[World, str, str]) -> None:
    world, number, instance_id = running
    act(world, instance_id, "chen", "countersign_after", to=["dora"])
    asked_until(world, number, dora="waiting", chen="done")
    assert world.look(lambda: state_of(number)) == "pending"
    act(world, instance_id, "dora", "refuse", remark="too wide")
    follow(world, number, "rejected")
    page = world.client("bob").get(f"/requests/{number}").text
    assert f"{CHEN} asked {DORA} to countersign afterwards" in page
    assert f"{DORA} refused" in page
    assert f"Rejected by {DORA}" in page
    assert "too wide" in page


def test_several_countersigners_are_named_and_waited_for_together(running: tuple[World, str, str]) -> None:
    world, number, instance_id = running
    act(world, instance_id, "chen", "countersign_before", to=["dora", "kate"])
    asked_until(world, number, dora="waiting", kate="waiting")
    page = world.client("bob").get(f"/requests/{number}").text
    assert f"{CHEN} asked {DORA} and {KATE} to countersign before deciding" in page
    assert f"Waiting for {DORA} and {KATE}" in page
    assert f"Then it is the turn of {CHEN}" in page


def test_whoever_handed_over_sees_it_still_and_is_no_longer_asked(running: tuple[World, str, str]) -> None:
    world, number, instance_id = running
    act(world, instance_id, "chen", "redirect", to="iris")
    act(world, instance_id, "iris", "redirect", to="kate")
    asked_until(world, number, chen="done", iris="done", kate="waiting")
    assert world.look(lambda: told(number))[1:] == [
        ("handed_over", CHEN, (IRIS,)),
        ("handed_over", IRIS, (KATE,)),
    ]
    for person in ("chen", "iris"):
        assert may_see(world, person, number)
        assert list_of(world, person, Whose.TO_DECIDE) == []
    assert list_of(world, "kate", Whose.TO_DECIDE) == [number]

    with world.app.app_context():
        requests = world.services.access_requests
        for person in ("iris", "kate"):
            with pytest.raises(NotThere):
                requests.withdraw(actor_named(person), person_named(person), number)


def test_a_copy_a_comment_and_a_name_from_elsewhere_show_nobody_the_request(
    running: tuple[World, str, str],
) -> None:
    world, number, instance_id = running
    act(world, instance_id, "dora", "comment", remark="I only comment")
    act(world, instance_id, "chen", "comment", remark="go on")
    act(world, instance_id, "chen", "redirect", to="iris")
    asked_until(world, number, iris="waiting")
    world.client("dora")
    assert not may_see(world, "dora", number)
    assert list_of(world, "dora", Whose.TO_DECIDE) == list_of(world, "dora", Whose.DECIDED) == []

    iris = world.client("iris")
    assert iris.get(f"/requests/{number}").status_code == 200
    with world.app.app_context():
        person_named("iris").corp_id = "another-organisation"
        db.session.commit()
    assert iris.get(f"/requests/{number}").status_code in (303, 404)
    assert list_of(world, "iris", Whose.TO_DECIDE) == list_of(world, "iris", Whose.DECIDED) == []


def test_whoever_is_expected_may_look_before_their_turn_and_nobody_once_they_are_not(world: World) -> None:
    set_up(world)
    number, _ = started(world)
    for person in ("kate", "iris"):
        world.client(person)
    expect_people(world, number, "kate")
    assert may_see(world, "kate", number)
    assert list_of(world, "kate", Whose.TO_DECIDE) == []
    expect_people(world, number, "iris", "V00_1")
    assert may_see(world, "iris", number)
    assert not may_see(world, "kate", number)


def expect_people(world: World, number: str, *user_ids: str) -> None:
    with world.app.app_context():
        approval = approval_of(number)
        expect(db.session(), approval, [ExpectedDecider(user_id=each, name=each) for each in user_ids])
        db.session.commit()


def test_a_requester_who_countersigns_does_not_count_but_the_approver_does(
    running: tuple[World, str, str],
) -> None:
    world, number, instance_id = running
    act(world, instance_id, "chen", "countersign_before", to=["bob"])
    asked_until(world, number, bob="waiting")
    act(world, instance_id, "bob", "agree")
    act(world, instance_id, "chen", "agree")
    follow(world, number, "approved")
    assert world.look(lambda: approval_of(number).incident) is None


def test_an_approver_who_only_passes_it_to_the_requester_gives_nothing(
    running: tuple[World, str, str],
) -> None:
    world, number, instance_id = running
    act(world, instance_id, "chen", "redirect", to="bob")
    act(world, instance_id, "bob", "agree")
    follow(world, number, "approved")
    assert world.look(lambda: approval_of(number).incident["kind"]) == "self_approved"


def test_a_deputy_is_told_as_one_and_counts(running: tuple[World, str, str]) -> None:
    world, number, instance_id = running
    act(world, instance_id, "iris", "agree", instead_of="chen")
    follow(world, number, "approved")
    assert world.look(lambda: told(number))[1:] == [("deputy_agreed", IRIS, (CHEN,))]
    assert world.look(lambda: approval_of(number).incident) is None
    assert f"{IRIS} agreed in place of {CHEN}" in world.client("bob").get(f"/requests/{number}").text


def test_a_requester_acting_as_the_approvers_deputy_approves_nothing(
    running: tuple[World, str, str],
) -> None:
    world, number, instance_id = running
    act(world, instance_id, "bob", "agree", instead_of="chen")
    follow(world, number, "approved")
    assert world.look(lambda: approval_of(number).incident["kind"]) == "self_approved"


def test_what_is_sent_back_to_the_requester_waits_for_them_and_goes_on(
    running: tuple[World, str, str],
) -> None:
    world, number, instance_id = running
    act(world, instance_id, "chen", "send_back", remark="for how long?")
    asked_until(world, number, bob="waiting")
    act(world, instance_id, "bob", "resubmit")
    asked_until(world, number, chen="waiting")
    act(world, instance_id, "chen", "agree")
    follow(world, number, "approved")
    assert [(kind, who) for kind, who, _ in world.look(lambda: told(number))[1:]] == [
        ("sent_back", CHEN),
        ("submitted_again", "Bob Li 李博"),
        ("agreed", CHEN),
    ]


def test_an_administrator_who_ends_it_is_told_apart_from_a_withdrawal(
    running: tuple[World, str, str],
) -> None:
    world, number, instance_id = running
    act(world, instance_id, "alice", "terminate", remark="wrong form")
    follow(world, number, "terminated")
    page = world.client("bob").get(f"/requests/{number}").text
    assert "Ended in DingTalk by Alice Zhang 张爱丽" in page
    assert "wrong form" in page


def test_a_deleted_approval_gets_no_made_up_outcome_is_asked_about_rarely_and_can_be_closed(
    running: tuple[World, str, str],
) -> None:
    world, number, instance_id = running
    act(world, instance_id, "chen", "comment", remark="hm")
    act(world, instance_id, "chen", "redirect", to="iris")
    asked_until(world, number, iris="waiting")
    act(world, instance_id, "alice", "delete")
    world.work_until(lambda: failure_of(number).get("kind") == "instance_gone", seconds=30)
    reads = calls(world, READ)
    for _ in range(8):
        world.let_pass(hours=2)
        world.work()
    assert calls(world, READ) == reads
    assert world.look(lambda: state_of(number)) == "pending"

    bob = world.client("bob")
    assert "The approval no longer exists in DingTalk" in bob.get(f"/requests/{number}").text
    for person in ("chen", "dora"):
        world.client(person)
        with world.app.app_context(), pytest.raises(NotThere):
            world.services.gone_instances.close(actor_named(person), person_named(person), number)
    with world.app.app_context():
        world.services.gone_instances.close(actor_named("bob"), person_named("bob"), number)
    assert world.look(lambda: (state_of(number), deciders(number)["iris"])) == ("withdrawn", "done")
    assert world.look(lambda: approval_of(number).due_at) is None
    assert len(world.look(lambda: audited("request.closed_as_gone"))) == 1
    with world.app.app_context(), pytest.raises(Problem):
        world.services.gone_instances.close(actor_named("bob"), person_named("bob"), number)


def test_an_admin_closes_a_deleted_approval_as_ended_and_never_one_that_still_runs(
    running: tuple[World, str, str],
) -> None:
    world, number, instance_id = running
    with world.app.app_context(), pytest.raises(Problem):
        world.services.gone_instances.close(actor_named("alice"), person_named("alice"), number)
    act(world, instance_id, "chen", "redirect", to="iris")
    asked_until(world, number, iris="waiting")
    act(world, instance_id, "alice", "delete")
    world.work_until(lambda: bool(failure_of(number)), seconds=30)
    with world.app.app_context():
        world.services.gone_instances.close(actor_named("alice"), person_named("alice"), number)
    assert world.look(lambda: state_of(number)) == "terminated"


def test_a_withdrawal_that_the_template_forbids_ends_with_its_remedy_and_can_be_asked_again(
    running: tuple[World, str, str],
) -> None:
    world, number, _ = running
    world.control("PUT", "/settings", {"withdraw_wait_seconds": 0})
    code = instances(world)[0]["process_code"]
    world.control("PATCH", f"/templates/{code}", {"requester_may_withdraw": False})
    world.let_pass(minutes=1)
    withdraw(world, number)
    world.work()
    with world.app.app_context():
        assert approval_of(number).withdrawal_requested_at is None
    page = world.client("bob").get(f"/requests/{number}").text
    assert "820008" in page
    assert "允许提交人撤销审批中的审批单" in page
    assert "Withdraw this request" in page

    world.control("PATCH", f"/templates/{code}", {"requester_may_withdraw": True})
    withdraw(world, number)
    follow(world, number, "withdrawn")


def test_placeholders_are_never_named_never_asked_and_approve_nothing(
    running: tuple[World, str, str],
) -> None:
    world, number, instance_id = running
    with world.app.app_context():
        approval_id = approval_of(number).id
        work = world.services.approval_work
        channel = AMadeUpChannel(work.channels["dingtalk"], instance_id)
        work.outcomes.read(approval_id, channel, instance_id)
        assert deciders(number) == {}
        assert [each.who for each in told_in(approval_of(number))] == ["", ""]
        assert state_of(number) == "approved"
        assert approval_of(number).incident["kind"] == "nobody_agreed"
        before = calls(world, "getUser")
        work.outcomes.read(approval_id, channel, instance_id)
        assert calls(world, "getUser") == before
    assert "V00_" not in (page := world.client("bob").get(f"/requests/{number}").text)
    assert "somebody_else" not in page
    assert "Nobody agreed to this request" in page


class AMadeUpChannel:
    """Reads what no sandbox shows: placeholders that agree, one of them with an id of no known kind."""

    def __init__(self, channel: Any, instance_id: str) -> None:
        self._reading = channel.read(instance_id)

    def read(self, _instance_id: str) -> Any:
        users = ("V00_1", "somebody_else")
        at = self._reading.records[0].occurred_at
        return replace(
            self._reading,
            state=ApprovalState.APPROVED,
            records=tuple(
                Record(kind=RecordKind.AGREED, user_id=each, remark="", occurred_at=at, others=users)
                for each in users
            ),
            turns=tuple(
                Turn(user_id=each, node_name="", state=TurnState.WAITING, since=None) for each in users
            ),
        )


def test_an_approver_finds_what_waits_for_them_before_anything_was_read(
    running: tuple[World, str, str],
) -> None:
    world, number, _ = running
    world.client("chen")
    world.work_until(lambda: approval_of(number).heard_at is not None)
    assert calls(world, READ) == 0
    assert list_of(world, "chen", Whose.TO_DECIDE) == [number]
