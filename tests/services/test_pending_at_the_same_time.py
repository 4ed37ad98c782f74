"""Days run out in the moment that somebody decides, or in two workers at once: one of them happens."""

from __future__ import annotations

import pytest

from portal.rules.approval_state import is_final
from portal.services.decisions.decisions import Verdict
from tests.portal_world import World
from tests.services.engines import on_both_engines
from tests.services.pending_story import (
    approvals_of,
    go_round,
    holders_of_items,
    in_portal,
    notices,
    pass_days,
    ready,
    request_named,
    states_of,
    work_on,
)
from tests.services.story import actor_named, ask, person_named, started
from tests.services.together import DONE, at_once

pytestmark = on_both_engines


def test_what_nobody_decides_is_passed_on_to_the_next_kind(world: World) -> None:
    ready(world, escalates_after_days=3, lapses_after_days=10)
    number, first = started(world)
    lapses_at = world.look(lambda: approvals_of(number)[0].lapses_at)
    pass_days(world, 2.9)
    assert world.look(lambda: approvals_of(number)[0].withdrawal_purpose) is None
    pass_days(world, 0.2)
    work_on(world)
    with world.app.app_context():
        earlier, later = approvals_of(number)
        assert (earlier.state, later.state) == ("escalated", "pending")
        assert (later.approver.user_id, later.approver_kind) == ("alice", "permission_administrator")
        assert (later.replaces_id, later.lapses_at) == (earlier.id, lapses_at)
        assert later.instance_id not in (None, first)
        assert request_named(number).state == "pending"
        assert holders_of_items(number) == {2}
        second = later.instance_id
    world.act(second, "alice", "agree")
    work_on(world, rounds=3)
    assert world.look(lambda: request_named(number).state) == "approved"


@pytest.mark.parametrize("rule", ["escalates_after_days", "lapses_after_days"])
def test_a_decision_and_the_end_of_its_time_never_both_happen(world: World, rule: str) -> None:
    number = in_portal(world, **{rule: 3})
    world.let_pass(days=3.1)
    approval_id = world.look(lambda: approvals_of(number)[0].id)

    def decide() -> None:
        chen = person_named("chen")
        world.services.decisions.decide(actor_named("chen"), chen, approval_id, verdict=Verdict.APPROVE)

    decided, *_ = at_once(world, decide, lambda: go_round(world), lambda: go_round(world))
    with world.app.app_context():
        states = states_of(number)
        if decided == DONE:
            assert states == ["approved"]
        elif rule == "lapses_after_days":
            assert states == ["lapsed"]
        else:
            assert states == ["escalated", "pending"]
            assert holders_of_items(number) == {2}
        assert sum(not is_final(state) for state in states) <= 1


def test_yes_no_and_a_withdrawal_at_once_are_one_answer(world: World) -> None:
    ready(world, is_in_platform_channel_on=True, prefers_in_platform=True)
    world.client("dora")
    number = ask(world, on_behalf_of="dora")

    def accept() -> None:
        world.services.acceptances.accept(actor_named("dora"), person_named("dora"), number)

    def decline() -> None:
        world.services.acceptances.decline(actor_named("dora"), person_named("dora"), number)

    def withdraw() -> None:
        world.services.access_requests.withdraw(actor_named("bob"), person_named("bob"), number)

    said_yes, said_no, taken_back = at_once(world, accept, decline, withdraw)
    assert [said_yes, said_no].count(DONE) <= 1
    is_open = said_yes == DONE and taken_back != DONE
    assert world.look(lambda: states_of(number)) == (["pending"] if is_open else ["withdrawn"])
    answer = {said_yes: "accepted", said_no: "declined"}.get(DONE, "asked")
    assert world.look(lambda: request_named(number).acceptance) == answer


def test_two_presses_at_once_are_one_reminder(world: World) -> None:
    ready(world)
    number, _ = started(world)

    def remind() -> None:
        world.services.reminders.remind(actor_named("bob"), person_named("bob"), number, position=1)

    verdicts = at_once(world, remind, remind, remind)
    assert sorted(verdicts) == sorted([DONE, "reminded_just_now", "reminded_just_now"])
    assert world.look(lambda: len(notices("reminder"))) == 1
