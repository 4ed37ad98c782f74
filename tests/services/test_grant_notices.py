"""People are told about their access in DingTalk, by the outcome in DingTalk too, and nothing untrue."""

from __future__ import annotations

from portal.extensions import db
from portal.models import Grant
from portal.services.notices.notice_promises import NoticeKind
from tests.portal_world import World
from tests.services.grant_story import REFUSED, CountingTarget, approved, known_people, with_target
from tests.services.story import actor_named, approval_of, ask, follow, person_named, set_up, state_of
from tests.services.test_work_notices import messages, settled


def titles(world: World, person: str) -> list[str]:
    return [each["message"]["action_card"]["title"] for each in messages(world) if each["person"] == person]


def test_an_agreement_in_dingtalk_becomes_a_task_and_then_access(world: World) -> None:
    set_up(world)
    known_people(world, "chen")
    number = ask(world)
    follow(world, number, "pending")
    world.act(world.look(lambda: approval_of(number).instance_id), "chen", "agree")
    world.work_until(lambda: state_of(number) == "approved")
    world.work()
    settled(world)
    assert titles(world, "chen") == ["Give access: Sales overview 销售总览"]
    with world.app.app_context():
        (grant,) = db.session.query(Grant).all()
        assert (grant.state, grant.target) == ("due", "manual")
        world.services.grant_tasks.confirm(actor_named("chen"), person_named("chen"), grant.id)
    settled(world)
    assert titles(world, "bob")[-1] == "You have access: Sales overview 销售总览"
    (card,) = [
        each for each in messages(world) if "You have access" in each["message"]["action_card"]["title"]
    ]
    assert "%2Faccess%2F" in card["message"]["action_card"]["single_url"]
    assert number in card["message"]["action_card"]["markdown"]


def test_a_refusal_is_told_and_nothing_else(world: World) -> None:
    set_up(world)
    target = with_target(world, CountingTarget())
    target.failures = [REFUSED]
    approved(world)
    world.work()
    settled(world)
    assert titles(world, "bob") == ["Access is delayed: Sales overview 销售总览"]


def test_what_is_no_longer_true_is_not_told(world: World) -> None:
    """It was given back before its notice went out."""
    set_up(world)
    with_target(world, CountingTarget())
    grant_id = int(approved(world) or 0)
    with world.app.app_context():
        world.services.grant_delivery.advance(grant_id)
        world.services.grant_ends.give_back(actor_named("bob"), person_named("bob"), grant_id)
    settled(world)
    assert titles(world, "bob") == []


def test_a_kind_that_is_switched_off_is_not_sent(world: World) -> None:
    set_up(world)
    with_target(world, CountingTarget())
    with world.app.app_context():
        settings = world.services.approval_settings
        settings.switch_notices(
            actor_named("alice"), off=[NoticeKind.GRANT_ACTIVE], version=settings.current().version
        )
    approved(world)
    world.work()
    settled(world)
    assert titles(world, "bob") == []
