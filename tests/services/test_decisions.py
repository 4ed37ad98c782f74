"""Deciding in the portal: once, by whom it is asked of, whatever happens at the same moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.database import transaction
from portal.extensions import db
from portal.models import Approval, WorkNotice
from portal.models.person import Role
from portal.services.decisions.decisions import Verdict
from portal.services.faults import FieldFault, NotThere, Problem, ProblemReason
from portal.services.outcomes.approval_records import told_in
from portal.services.permissions import NotAllowed
from tests.portal_world import World
from tests.services.decision_story import (
    approval_id,
    decide,
    decided_by,
    grants_of,
    pending_for,
    send_on_leave,
    set_up_here,
    state,
    switch,
)
from tests.services.engines import on_both_engines
from tests.services.story import (
    actor_named,
    approval_of,
    ask,
    audited,
    instances,
    person_named,
    set_up,
    started,
    state_of,
    withdraw,
)


@pytest.fixture
def asked(world: World) -> str:
    """The number of a request of Bob's that waits for Chen in the portal."""
    set_up_here(world)
    return ask(world)


def test_a_request_decided_in_the_portal_waits_at_once_and_nothing_is_started_in_dingtalk(
    world: World, asked: str
) -> None:
    world.work()
    assert state(world, asked) == "pending"
    assert instances(world) == []
    assert pending_for(world, "chen") == [asked]
    assert pending_for(world, "dora") == []


def test_an_approval_becomes_a_due_grant_in_the_same_commit(world: World, asked: str) -> None:
    decide(world, asked, "approve")
    assert state(world, asked) == "approved"
    assert grants_of(world, asked) == ["due"]
    assert decided_by(world, asked) == "Chen Wei 陈伟"
    assert pending_for(world, "chen") == []
    assert world.look(lambda: approval_of(asked).request.state) == "approved"
    entry = world.look(lambda: audited("approval.decided")[0])
    assert (entry.actor_name, entry.after["state"]) == ("Chen Wei 陈伟", "approved")


def test_a_rejection_needs_a_reason_and_gives_nothing(world: World, asked: str) -> None:
    with pytest.raises(FieldFault):
        decide(world, asked, "reject", reason="  \x00 ")
    assert state(world, asked) == "pending"
    decide(world, asked, "reject", reason="Ask for less")
    assert state(world, asked) == "rejected"
    assert grants_of(world, asked) == []
    told = world.look(lambda: [(each.kind, each.who, each.remark) for each in told_in(approval_of(asked))])
    assert told == [("refused", "Chen Wei 陈伟", "Ask for less")]


def test_nobody_else_decides_not_even_an_admin(world: World, asked: str) -> None:
    for who in ("bob", "dora", "alice"):
        with pytest.raises(NotThere):
            decide(world, asked, "approve", who=who)
    assert state(world, asked) == "pending"


def test_the_same_decision_again_changes_nothing_and_another_is_told_who_has_decided(
    world: World, asked: str
) -> None:
    decide(world, asked, "approve")
    decide(world, asked, "approve")
    assert len(world.look(lambda: audited("approval.decided"))) == 1
    assert len(grants_of(world, asked)) == 1
    with pytest.raises(Problem) as refused:
        decide(world, asked, "reject", reason="No")
    assert (refused.value.reason, refused.value.facts["name"]) == (
        ProblemReason.ALREADY_DECIDED,
        "Chen Wei 陈伟",
    )
    assert state(world, asked) == "approved"


def test_what_was_withdrawn_is_decided_by_nobody(world: World, asked: str) -> None:
    withdraw(world, asked)
    assert state(world, asked) == "withdrawn"
    assert pending_for(world, "chen") == []
    with pytest.raises(Problem) as refused:
        decide(world, asked, "approve")
    assert refused.value.reason == ProblemReason.ALREADY_CLOSED
    assert grants_of(world, asked) == []


def test_a_delegate_decides_while_the_approver_is_on_leave_and_no_longer(world: World, asked: str) -> None:
    send_on_leave(world, "chen", delegate="dora")
    assert pending_for(world, "dora") == [asked]
    world.let_pass(days=5)
    assert pending_for(world, "dora") == []
    with pytest.raises(NotThere):
        decide(world, asked, "approve", who="dora")
    world.clock.ahead = timedelta()
    decide(world, asked, "approve", who="dora")
    told = world.look(lambda: [(each.kind, each.who, each.others) for each in told_in(approval_of(asked))])
    assert told == [("deputy_agreed", "Dora Wu 吴朵", ("Chen Wei 陈伟",))]


def test_delegates_in_a_circle_end_and_nobody_decides_about_their_own_request(
    world: World, asked: str
) -> None:
    send_on_leave(world, "chen", delegate="bob")
    send_on_leave(world, "bob", delegate="chen")
    assert pending_for(world, "bob") == []
    with pytest.raises(Problem) as refused:
        decide(world, asked, "approve", who="bob")
    assert refused.value.reason == ProblemReason.NOT_YOUR_OWN
    assert pending_for(world, "chen") == [asked]


def test_many_are_decided_each_by_itself(world: World, asked: str) -> None:
    other, gone = ask(world, entitlement="export"), ask(world, entitlement="edit")
    withdraw(world, gone)
    ids = [approval_id(world, each) for each in (asked, gone, other)] + [10**9]
    with world.app.app_context():
        chen = person_named("chen")
        results = world.services.decisions.decide_all(actor_named("chen"), chen, ids, verdict=Verdict.APPROVE)
    assert [each.number for each in results] == [asked, gone, other, ""]
    assert [each.problem.reason if each.problem else None for each in results] == [
        None,
        ProblemReason.ALREADY_CLOSED,
        None,
        None,
    ]
    assert [each.is_theirs for each in results] == [True, True, True, False]
    assert [state(world, each) for each in (asked, gone, other)] == ["approved", "withdrawn", "approved"]


def test_an_admin_passes_it_on_to_somebody_else_but_never_to_who_asks(world: World, asked: str) -> None:
    def pass_on(to: str, who: str = "alice") -> None:
        with world.app.app_context():
            world.services.passing_on.pass_on(
                actor_named(who),
                person_named(who),
                approval_of(asked).id,
                to_person_id=person_named(to).id,
            )

    with pytest.raises(NotAllowed):
        pass_on("dora", who="dora")
    with pytest.raises(FieldFault):
        pass_on("bob")
    pass_on("dora")
    pass_on("dora")
    assert len(world.look(lambda: audited("approval.passed_on"))) == 1
    assert (pending_for(world, "chen"), pending_for(world, "dora")) == ([], [asked])
    with pytest.raises(NotThere):
        decide(world, asked, "approve")
    decide(world, asked, "approve", who="dora")
    assert state(world, asked) == "approved"


def test_nobody_picks_who_decides_about_their_own_access(world: World) -> None:
    set_up_here(world)
    number = ask(world, who="alice")
    with world.app.app_context():
        alice, approval_id = person_named("alice"), approval_of(number).id
        with pytest.raises(Problem) as refused:
            world.services.passing_on.pass_on(
                actor_named("alice"), alice, approval_id, to_person_id=person_named("dora").id
            )
    assert refused.value.reason == ProblemReason.NOT_YOUR_OWN
    assert pending_for(world, "chen") == [number]
    page = world.client("alice").get(f"/requests/{number}").get_data(as_text=True)
    assert f"/approvals/{approval_id}/approver" not in page
    assert world.client("alice").get(f"/approvals/{approval_id}/approver").status_code == 409
    assert world.client("alice").get(f"/approvals/{'9' * 30}/approver").status_code == 404


def test_nothing_is_passed_on_to_an_auditor(world: World, asked: str) -> None:
    with world.app.app_context():
        world.services.roles.give(
            actor_named("alice"), None, person_id=person_named("dora").id, role=Role.AUDITOR
        )
        with pytest.raises(FieldFault, match="audits"):
            world.services.passing_on.pass_on(
                actor_named("alice"),
                person_named("alice"),
                approval_of(asked).id,
                to_person_id=person_named("dora").id,
            )


def test_the_approver_is_told_in_dingtalk_once_and_only_while_it_waits(world: World, asked: str) -> None:
    world.work()
    sent = [each for each in world.control("GET", "/messages")["messages"] if asked in str(each)]
    assert [each["person"] for each in sent] == ["chen"]
    other = ask(world, entitlement="export")
    decide(world, other, "approve")
    world.work()

    def kinds_and_states() -> set[tuple[str, str]]:
        rows = db.session.scalars(
            select(WorkNotice).join(Approval, Approval.request_id == WorkNotice.request_id)
        )
        return {(row.kind, row.state) for row in rows if row.subject.startswith(other)}

    assert ("to_decide", "dropped") in world.look(kinds_and_states)


def test_the_worker_leaves_what_is_decided_in_the_portal_alone(world: World, asked: str) -> None:
    with world.app.app_context(), transaction() as session:
        session.get_one(Approval, approval_of(asked).id).due_at = world.clock.now()
    world.work()
    assert state(world, asked) == "pending"
    assert world.look(lambda: approval_of(asked).due_at) is None


@on_both_engines
def test_what_waits_longest_comes_first_and_each_page_goes_on_where_the_last_ended(
    world: World, asked: str
) -> None:
    numbers = [asked, *(ask(world, entitlement=level) for level in ("export", "edit"))]
    with world.app.app_context():
        chen, pages = person_named("chen"), replace(world.services.my_approvals, page_length=2)
        first = pages.pending(chen)
        second = pages.pending(chen, after=first.next_id)
        assert [each.request.number for each in (*first.approvals, *second.approvals)] == numbers
        assert second.next_id is None
        assert pages.count_pending(chen) == 3
    for number in numbers:
        decide(world, number, "approve")
    with world.app.app_context():
        chen = person_named("chen")
        newest = pages.handled(chen)
        oldest = pages.handled(chen, before=newest.next_id)
        assert [each.request.number for each in (*newest.approvals, *oldest.approvals)] == numbers[::-1]
        held = {grant.entitlement for each in oldest.approvals for grant in each.held}
        assert held == {"view", "export", "edit"}


def test_a_request_is_decided_where_it_was_started_whatever_the_settings_say_since(
    world: World, asked: str
) -> None:
    set_up(world)
    in_dingtalk, instance_id = started(world, entitlement="export")
    switch(world, is_dingtalk_channel_on=True, prefers_in_platform=True)
    here = ask(world, entitlement="edit")
    assert world.look(lambda: [approval_of(each).channel for each in (asked, in_dingtalk, here)]) == [
        "in_platform",
        "dingtalk",
        "in_platform",
    ]
    switch(world, is_dingtalk_channel_on=True, is_in_platform_channel_on=False)
    assert pending_for(world, "chen") == [asked, in_dingtalk, here]
    decide(world, asked, "approve")
    world.act(instance_id, "chen", "refuse")
    world.work_until(lambda: state_of(in_dingtalk) == "rejected")
    assert [state(world, each) for each in (asked, in_dingtalk, here)] == ["approved", "rejected", "pending"]


def test_nothing_is_asked_where_no_channel_is_on(world: World, asked: str) -> None:
    switch(world, is_dingtalk_channel_on=False, is_in_platform_channel_on=False)
    with pytest.raises(Problem) as refused:
        ask(world, entitlement="export")
    assert refused.value.reason == ProblemReason.APPROVAL_OFF
    assert state(world, asked) == "pending"
