"""Asked on behalf of a colleague: nobody decides before they accept, and they decide about nothing else."""

from __future__ import annotations

import pytest

from portal.services.faults import NotThere, Problem, ProblemReason
from tests.portal_world import World
from tests.services.pending_story import (
    approvals_of,
    notices,
    pass_days,
    ready,
    request_named,
    set_rules,
    states_of,
    work_on,
)
from tests.services.story import actor_named, ask, audited, instances, person_named


def ask_for_dora(world: World, **rules: object) -> str:
    ready(world, **rules)
    world.client("dora")
    return ask(world, on_behalf_of="dora")


def answer(world: World, number: str, said: str, *, who: str = "dora") -> None:
    with world.app.app_context():
        acceptances, person = world.services.acceptances, person_named(who)
        act = acceptances.accept if said == "accept" else acceptances.decline
        act(actor_named(who), person, number)


def test_nothing_starts_before_the_colleague_accepts(world: World) -> None:
    number = ask_for_dora(world)
    work_on(world, rounds=3)
    assert world.look(lambda: states_of(number)) == ["awaiting_acceptance"]
    assert instances(world) == []
    assert world.look(lambda: [each.state for each in notices("asked_for_you")]) == ["sent"]
    answer(world, number, "accept")
    world.work_until(lambda: states_of(number) == ["pending"])
    world.act(world.look(lambda: approvals_of(number)[0].instance_id), "chen", "agree")
    world.work_until(lambda: request_named(number).state == "approved")
    with world.app.app_context():
        grant = request_named(number).items[0].grant
        assert grant is not None
        assert grant.person.user_id == "dora"


def test_in_the_portal_the_approver_is_asked_at_once_after_it(world: World) -> None:
    number = ask_for_dora(world, is_in_platform_channel_on=True, prefers_in_platform=True)
    assert world.look(lambda: states_of(number)) == ["awaiting_acceptance"]
    answer(world, number, "accept")
    assert world.look(lambda: states_of(number)) == ["pending"]


def test_a_colleague_who_declines_ends_it_and_its_requester_is_told(world: World) -> None:
    number = ask_for_dora(world)
    answer(world, number, "decline")
    answer(world, number, "decline")
    assert world.look(lambda: (states_of(number), request_named(number).state)) == (
        ["withdrawn"],
        "withdrawn",
    )
    assert world.look(lambda: [each.person_id for each in notices("declined")]) == [
        world.look(lambda: person_named("bob").id)
    ]
    assert world.look(lambda: len(audited("request.declined"))) == 1
    with pytest.raises(Problem) as refused:
        answer(world, number, "accept")
    assert refused.value.reason == ProblemReason.ALREADY_CLOSED
    assert "Dora" in world.client("bob").get(f"/requests/{number}").text


def test_an_answer_is_not_taken_back(world: World) -> None:
    number = ask_for_dora(world)
    answer(world, number, "accept")
    answer(world, number, "accept")
    with pytest.raises(Problem) as refused:
        answer(world, number, "decline")
    assert refused.value.reason == ProblemReason.ALREADY_ANSWERED


def test_nobody_answers_for_the_colleague(world: World) -> None:
    number = ask_for_dora(world)
    for who in ("bob", "chen", "alice"):
        for said in ("accept", "decline"):
            with pytest.raises(NotThere):
                answer(world, number, said, who=who)
    assert world.look(lambda: states_of(number)) == ["awaiting_acceptance"]


def test_what_is_not_accepted_in_time_lapses(world: World) -> None:
    number = ask_for_dora(world, lapses_after_days=5)
    pass_days(world, 5.1)
    assert world.look(lambda: states_of(number)) == ["lapsed"]
    with pytest.raises(Problem):
        answer(world, number, "accept")


def test_the_policy_of_the_day_of_acceptance_says_who_decides(world: World) -> None:
    number = ask_for_dora(world)
    set_rules(world, approver_kinds=["permission_administrator"])
    answer(world, number, "accept")
    assert world.look(lambda: approvals_of(number)[0].approver.user_id) == "alice"


def test_where_nobody_can_decide_any_more_it_says_so_and_stays(world: World) -> None:
    number = ask_for_dora(world)
    set_rules(world, approver_kinds=["enterprise_security_administrator"])
    with pytest.raises(Problem) as refused:
        answer(world, number, "accept")
    assert refused.value.reason == ProblemReason.NOBODY_DECIDES
    assert world.look(lambda: states_of(number)) == ["awaiting_acceptance"]
