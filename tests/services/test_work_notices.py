"""Work notices: the requester is told once what has become of a request, and nobody else, and nothing untrue."""

from __future__ import annotations

from typing import Any

import pytest

from portal.database import transaction
from portal.extensions import db
from portal.models import DingTalkApp, WorkNotice
from portal.services.notices.notice_promises import NoticeKind, promise_notice
from tests.portal_world import World
from tests.services.engines import on_both_engines
from tests.services.story import (
    actor_named,
    approval_of,
    ask,
    audited,
    calls,
    fault,
    follow,
    person_named,
    started,
    state_of,
    try_again,
    withdraw,
)
from tests.services.story import set_up as set_up_approval
from tests.services.together import DONE, at_once

ABOUT_ACCESS = [kind for kind in NoticeKind if kind.startswith("grant_")]


def set_up(world: World, **changes: object) -> None:
    """Enable approval; what people are told about their access has tests of its own (test_grant_notices.py)."""
    set_up_approval(world, **changes)
    switch_off(world, *ABOUT_ACCESS)


def switch_off(world: World, *kinds: NoticeKind) -> None:
    with world.app.app_context():
        settings = world.services.approval_settings
        settings.switch_notices(actor_named("alice"), off=kinds, version=settings.current().version)


def messages(world: World) -> list[dict[str, Any]]:
    """Return the cards that DingTalk delivered."""
    return [each for each in world.control("GET", "/messages")["messages"] if not each["withheld"]]


def card(world: World) -> dict[str, Any]:
    """Return the one card that was delivered."""
    (message,) = messages(world)
    return dict(message["message"]["action_card"])


def notices() -> list[WorkNotice]:
    return db.session.query(WorkNotice).order_by(WorkNotice.id).all()


def settled(world: World, *, seconds: float = 20) -> None:
    """Work until no notice waits to be sent now."""
    now = world.clock.now
    world.work_until(
        lambda: not [each for each in notices() if each.due_at and each.due_at <= now()], seconds=seconds
    )


def decided(world: World, action: str = "agree", **asked: object) -> str:
    """Let a request be decided, and everything that is due then be done."""
    number, instance_id = started(world, **asked)
    outcome = {"agree": "approved", "refuse": "rejected"}[action]
    world.act(instance_id, "chen", action)
    world.work_until(lambda: state_of(number) == outcome)
    settled(world)
    return number


@pytest.mark.parametrize(("action", "title"), [("agree", "Approved"), ("refuse", "Rejected")])
def test_the_requester_alone_is_told_of_the_outcome(world: World, action: str, title: str) -> None:
    set_up(world)
    number = decided(world, action)
    (message,) = messages(world)
    assert message["person"] == "bob"
    told = card(world)
    assert told["title"] == f"{title}: {number}"
    assert "Sales overview" in told["markdown"]
    assert told["single_title"] == "Open the request"
    assert f"%2Frequests%2F{number}" in told["single_url"]
    assert told["single_url"].startswith("dingtalk://dingtalkclient/page/link?url=")
    assert world.look(lambda: [each.after["kind"] for each in audited("notice.sent")]) == [
        {"agree": "approved", "refuse": "rejected"}[action]
    ]


def test_the_notice_is_in_the_language_of_the_request(world: World) -> None:
    set_up(world)
    number = ask(world)
    with world.app.app_context(), transaction():
        approval_of(number).request.language = "zh"  # type: ignore[union-attr]
    follow(world, number, "pending")
    world.act(world.look(lambda: approval_of(number).instance_id), "chen", "agree")
    world.work_until(lambda: state_of(number) == "approved")
    settled(world)
    assert number in card(world)["title"]


@on_both_engines
def test_the_same_news_by_several_roads_is_one_notice(world: World) -> None:
    set_up(world)
    number = decided(world)
    approval_id = world.look(lambda: approval_of(number).id)
    for _ in range(2):
        with world.app.app_context():
            channel = world.services.approval_work.channels["dingtalk"]  # type: ignore[index]
            instance_id = approval_of(number).instance_id or ""
            world.services.approval_work.outcomes.read(approval_id, channel, instance_id)
        settled(world)
    assert len(messages(world)) == 1
    assert len(world.look(notices)) == 1


def test_a_start_that_failed_is_told_and_so_is_the_next_try(world: World) -> None:
    set_up(world)
    world.control("PUT", "/permissions", {"Workflow.Instance.Write": False})
    number = ask(world)
    follow(world, number, "could_not_start")
    settled(world)
    assert card(world)["title"] == f"Not started: {number}"
    try_again(world, number)
    follow(world, number, "could_not_start")
    settled(world)
    assert len(messages(world)) == 2
    assert "This was try 2." in messages(world)[1]["message"]["action_card"]["markdown"]


def test_a_choice_that_the_requester_must_make_is_told(world: World) -> None:
    set_up(world)
    number = ask(world)
    with world.app.app_context(), transaction() as session:
        approval = approval_of(number)
        approval.state, approval.due_at = "needs_choice", None  # how it comes to that is told elsewhere
        promise_notice(session, approval, at=world.clock.now())
    settled(world)
    assert card(world)["title"] == f"Your choice is needed: {number}"


def test_an_administrator_ending_the_approval_is_told(world: World) -> None:
    set_up(world)
    number, instance_id = started(world)
    world.act(instance_id, "alice", "terminate")
    world.work_until(lambda: state_of(number) == "terminated")
    settled(world)
    assert card(world)["title"] == f"Ended: {number}"


def test_a_withdrawal_of_ones_own_is_not_told(world: World) -> None:
    set_up(world)
    world.control("PUT", "/settings", {"withdraw_wait_seconds": 0})
    number, _ = started(world)
    withdraw(world, number)
    follow(world, number, "withdrawn")
    settled(world)
    assert messages(world) == []
    assert world.look(notices) == []


def test_an_approval_that_only_the_requester_agreed_to_is_not_told_as_approved(world: World) -> None:
    set_up(world)
    number, instance_id = started(world)
    world.act(instance_id, "chen", "redirect", to="bob")
    world.act(instance_id, "bob", "agree")
    world.work_until(lambda: state_of(number) == "approved")
    settled(world)
    assert world.look(lambda: (approval_of(number).incident or {})["kind"]) == "self_approved"
    assert messages(world) == []


def test_what_is_no_longer_true_when_it_would_be_sent_is_dropped(world: World) -> None:
    set_up(world)
    world.control("PUT", "/permissions", {"Workflow.Instance.Write": False, "qyapi_base": False})
    number = ask(world)
    follow(world, number, "could_not_start")
    world.control("PUT", "/permissions", {"Workflow.Instance.Write": True, "qyapi_base": True})
    with world.app.app_context(), transaction():
        (notice,) = notices()
        notice.state, notice.due_at = "waiting", world.clock.now()
    try_again(world, number)
    follow(world, number, "pending")
    settled(world)
    assert messages(world) == []
    assert world.look(lambda: [each.state for each in notices()]) == ["dropped"]


def test_a_kind_that_is_switched_off_is_not_sent_and_the_others_are(world: World) -> None:
    set_up(world)
    switch_off(world, NoticeKind.APPROVED, *ABOUT_ACCESS)
    decided(world)
    assert messages(world) == []
    rejected = decided(world, "refuse")
    assert card(world)["title"] == f"Rejected: {rejected}"


def test_somebody_who_has_left_is_told_nothing(world: World) -> None:
    set_up(world)
    number, instance_id = started(world)
    with world.app.app_context(), transaction():
        person_named("bob").is_active = False
    world.act(instance_id, "chen", "agree")
    world.work_until(lambda: state_of(number) == "approved")
    settled(world)
    assert messages(world) == []
    assert world.look(lambda: [each.state for each in notices()]) == ["dropped"]


@pytest.mark.parametrize("name", ["reset_after_commit", "http_500_after_commit"])
def test_a_send_without_an_answer_is_repeated_and_arrives_once(world: World, name: str) -> None:
    set_up(world)
    number, instance_id = started(world)
    fault(world, name, "sendWorkNotice")
    world.act(instance_id, "chen", "agree")
    world.work_until(lambda: state_of(number) == "approved")
    settled(world)
    world.let_pass(minutes=10)
    settled(world)
    assert calls(world, "sendWorkNotice") == 2
    assert len(messages(world)) == 1
    assert world.look(lambda: [each.state for each in notices()]) == ["sent"]


def test_a_throttled_send_is_tried_again_after_its_pause(world: World) -> None:
    set_up(world)
    number, instance_id = started(world)
    fault(world, "throttle_qps", "sendWorkNotice")
    world.act(instance_id, "chen", "agree")
    world.work_until(lambda: state_of(number) == "approved")
    settled(world)
    assert messages(world) == []
    world.let_pass(seconds=30)
    settled(world)
    assert card(world)["title"] == f"Approved: {number}"


def test_a_refused_send_is_kept_with_its_reason_and_not_repeated(world: World) -> None:
    set_up(world)
    world.control("PUT", "/permissions", {"qyapi_base": False})
    number = decided(world)
    latest = world.look(world.services.work_notices.latest)
    assert (latest.number, latest.failure.kind, latest.is_tried_again) == (
        number,
        "permission_missing",
        False,
    )
    world.let_pass(hours=2)
    world.work()
    assert calls(world, "sendWorkNotice") == 1
    assert world.look(lambda: [each.after["failure"] for each in audited("notice.failed")]) == [
        "permission_missing"
    ]


def test_without_an_agent_id_nothing_is_sent_and_the_remedy_is_known(world: World) -> None:
    set_up(world)
    with world.app.app_context(), transaction() as session:
        session.get_one(DingTalkApp, 1).agent_id = None
    decided(world)
    assert calls(world, "sendWorkNotice") == 0
    assert world.look(world.services.work_notices.latest).failure.kind == "no_agent_id"


def test_one_notice_in_a_while_is_asked_about(world: World) -> None:
    set_up(world)
    decided(world)
    world.let_pass(minutes=2)
    settled(world)
    assert calls(world, "getWorkNoticeResult") == 1
    assert world.look(lambda: [each.state for each in notices()]) == ["arrived"]
    decided(world, "refuse")
    world.let_pass(minutes=2)
    settled(world)
    assert calls(world, "getWorkNoticeResult") == 1


@on_both_engines
def test_two_workers_with_the_same_notice_tell_once(world: World) -> None:
    set_up(world)
    number, instance_id = started(world)
    world.act(instance_id, "chen", "agree")
    world.work_until(lambda: state_of(number) == "approved")
    (notice_id,) = world.look(lambda: [each.id for each in notices()])
    deliver = world.services.work_notices.deliver
    assert at_once(world, lambda: deliver(notice_id), lambda: deliver(notice_id)) == [DONE, DONE]
    assert len(messages(world)) == 1
    assert world.look(lambda: [each.state for each in notices()]) == ["sent"]
