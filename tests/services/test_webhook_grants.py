"""Grants announced to a real webhook: given and taken away once, through a night in which it is down."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from portal.extensions import db
from portal.grants.webhook.signature import signature
from portal.models import GrantDelivery
from portal.services.grants.webhook_settings import WebhookForm
from tests.grants.hook import Call, Hook, listening
from tests.portal_world import World
from tests.services.engines import on_both_engines
from tests.services.grant_story import approved, grant, known_people, let_pass_until_due
from tests.services.story import actor_named

pytestmark = on_both_engines


@pytest.fixture
def hook() -> Iterator[Hook]:
    with listening() as made:
        yield made


@pytest.fixture
def secret(world: World, hook: Hook) -> str:
    known_people(world, "alice", "bob", "chen")
    return saved(world, hook, is_enabled=True) or ""


def saved(world: World, hook: Hook, *, is_enabled: bool) -> str | None:
    with world.app.app_context():
        settings = world.services.webhook_settings
        form = WebhookForm(
            address=hook.address,
            is_enabled=is_enabled,
            answers_checks=False,
            version=settings.view().version,
        )
        return settings.save(actor_named("alice"), form)


def events(hook: Hook) -> list[str]:
    return [json.loads(each.body)["event"] for each in hook.calls]


def is_signed(call: Call, secret: str) -> bool:
    expected = signature(secret, timestamp=call.headers["Portal-Timestamp"], body=call.body)
    return call.headers["Portal-Signature"].endswith(f"={expected}")


def test_access_is_announced_and_its_end_too(world: World, hook: Hook, secret: str) -> None:
    grant_id = approved(world, target="webhook")
    world.work()
    assert grant(world, grant_id).state == "active"
    world.let_pass(days=7, seconds=1)
    with world.app.app_context():
        world.services.chores.plan()
    world.work_until(lambda: grant(world, grant_id).state == "expired")
    assert events(hook) == ["grant.deliver", "grant.remove"]
    assert all(is_signed(each, secret) for each in hook.calls)
    assert len({each.headers["Portal-Delivery"] for each in hook.calls}) == 2


def test_a_webhook_that_is_down_for_an_hour_is_told_once_it_is_up(
    world: World, hook: Hook, secret: str
) -> None:
    hook.status, hook.body = 502, b"bad gateway"
    grant_id = approved(world, target="webhook")
    down_until = world.clock.now().timestamp() + 3600
    world.work()
    while world.clock.now().timestamp() < down_until:
        given = grant(world, grant_id)
        assert (given.state, (given.failure or {})["kind"]) == ("failing", "webhook_trouble")
        let_pass_until_due(world, grant_id)
        world.work()
    hook.status, hook.body = 200, b""
    let_pass_until_due(world, grant_id)
    world.work()
    assert grant(world, grant_id).state == "active"
    assert set(events(hook)) == {"grant.deliver"}
    assert len({each.headers["Portal-Delivery"] for each in hook.calls}) == 1
    tries = world.look(
        lambda: [
            (each.is_done, (each.answer or {}).get("status"))
            for each in db.session.scalars(select(GrantDelivery).order_by(GrantDelivery.id))
        ]
    )
    assert tries[-1] == (True, 200)
    assert not any(is_done for is_done, _ in tries[:-1])


def test_what_was_refused_for_good_is_tried_again_when_an_admin_mends_the_settings(
    world: World, hook: Hook, secret: str
) -> None:
    hook.status = 404
    grant_id = approved(world, target="webhook")
    world.work()
    assert (grant(world, grant_id).state, grant(world, grant_id).due_at) == ("failing", None)
    hook.status = 200
    saved(world, hook, is_enabled=True)
    world.work()
    assert grant(world, grant_id).state == "active"


def test_what_is_due_waits_while_the_webhook_is_off(world: World, hook: Hook, secret: str) -> None:
    saved(world, hook, is_enabled=False)
    grant_id = approved(world, target="webhook")
    world.work()
    assert ((grant(world, grant_id).failure or {})["kind"], hook.calls) == ("webhook_off", [])
    saved(world, hook, is_enabled=True)
    world.work()
    assert grant(world, grant_id).state == "active"


def test_what_a_person_has_to_finish_there_is_asked_about_until_it_is_done(
    world: World, hook: Hook, secret: str
) -> None:
    hook.status, hook.body = 202, b'{"state": "pending"}'
    grant_id = approved(world, target="webhook")
    world.work()
    waiting = grant(world, grant_id)
    assert (waiting.state, waiting.task_at is not None) == ("due", True)
    hook.status, hook.body = 200, b""
    let_pass_until_due(world, grant_id)
    world.work()
    assert grant(world, grant_id).state == "active"
    assert len({each.headers["Portal-Delivery"] for each in hook.calls}) == 1


def test_ten_failures_in_a_row_are_seen_on_either_engine(world: World, hook: Hook, secret: str) -> None:
    hook.status = 500
    grant_id = approved(world, target="webhook")
    view = world.services.webhook_settings.view
    for _ in range(10):
        assert world.look(view).failing_since is None
        world.work()
        let_pass_until_due(world, grant_id)
    assert world.look(view).failing_since is not None
    failed = world.look(lambda: list(world.services.webhook_settings.deliveries(only_failed=True)))
    assert len(failed) == 10
