"""The pages about access: what people have, one grant, and what waits for somebody's hands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

import pytest
from babel.dates import format_date
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.extensions import db
from portal.grants.grant_target import Delivered, GrantOrder, TargetName
from portal.models import Grant
from portal.rules.organisation_day import organisation_day
from tests.portal_world import World, csrf_token
from tests.services.grant_story import (
    BUSY,
    REFUSED,
    CountingTarget,
    advance,
    approved,
    grant,
    known_people,
    let_pass_until_due,
    with_target,
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    known_people(made, "alice", "bob", "chen", "dora")
    yield made
    made.close()


@pytest.fixture
def target(shared: World) -> CountingTarget:
    return with_target(shared, CountingTarget())


def given(world: World, **asked: object) -> int:
    grant_id = approved(world, **asked)  # type: ignore[arg-type]
    advance(world, grant_id)
    return int(grant_id or 0)


def press(client: FlaskClient, path: str, **typed: str) -> TestResponse:
    token = csrf_token(client.get("/access").text)
    return client.post(path, data={"csrf_token": token, **typed})


def test_somebody_sees_what_they_have_and_gives_it_back(shared: World, target: CountingTarget) -> None:
    grant_id = given(shared)
    bob = shared.client("bob")
    page = bob.get("/access").text
    assert "Sales overview" in page
    assert f"/requests/new?renews={grant_id}" in page
    assert "Give back now" in bob.get(f"/access/{grant_id}/return").text
    answer = press(bob, f"/access/{grant_id}/return")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/access/{grant_id}")
    assert "Access is ending" in bob.get(f"/access/{grant_id}").text
    advance(shared, grant_id)
    assert "Given back" in bob.get("/access").text
    assert target.held == {}
    assert press(bob, f"/access/{grant_id}/return").status_code == 303


def test_times_are_chinas_and_access_until_the_end_of_a_day_names_that_day(
    shared: World, target: CountingTarget
) -> None:
    until = organisation_day(shared.clock.now()) + timedelta(days=3)
    grant_id = given(shared, until=until)
    page = shared.client("bob").get(f"/access/{grant_id}").text
    assert f">{format_date(until, 'long', 'en')}</time>." in page
    assert f">{format_date(until + timedelta(days=1), 'medium', 'en')}, 12:00\u202fAM</time>" in page


def test_the_owner_takes_access_away_with_a_reason_that_its_person_reads(
    shared: World, target: CountingTarget
) -> None:
    grant_id = given(shared)
    chen = shared.client("chen")
    missing = press(chen, f"/access/{grant_id}/revocation", reason=" ")
    assert missing.status_code == 422
    assert "Say why" in missing.text
    assert press(chen, f"/access/{grant_id}/revocation", reason="Has <b>left</b> the team").status_code == 303
    page = shared.client("bob").get(f"/access/{grant_id}").text
    assert "Has &lt;b&gt;left&lt;/b&gt; the team" in page
    assert "Chen Wei" in page
    assert target.actions() == ["deliver"]


def test_strangers_find_nothing(shared: World, target: CountingTarget) -> None:
    grant_id = given(shared)
    dora = shared.client("dora")
    assert dora.get(f"/access/{grant_id}").status_code == 404
    assert dora.get(f"/access/{grant_id}/return").status_code == 404
    for path in ("return", "revocation", "delivery", "check"):
        assert press(dora, f"/access/{grant_id}/{path}", reason="x").status_code == 404
    bob = shared.client("bob")
    for path in ("revocation", "delivery"):
        assert press(bob, f"/access/{grant_id}/{path}", reason="x").status_code == 404
    assert "Sales overview" not in dora.get("/access").text
    assert target.actions() == ["deliver"]


def test_a_failing_grant_says_why_and_an_admin_tries_it_again(shared: World, target: CountingTarget) -> None:
    target.failures = [REFUSED]
    grant_id = given(shared)
    bob, alice = shared.client("bob"), shared.client("alice")
    told = bob.get(f"/access/{grant_id}").text
    assert "Access is delayed" in told
    assert "The portal does not try again by itself" in told
    assert "try-again" not in told
    assert "try-again" in alice.get(f"/access/{grant_id}").text
    assert press(alice, f"/access/{grant_id}/delivery").status_code == 303
    awaited = alice.get(f"/access/{grant_id}").text
    assert "this page shows it as soon as it is done" in awaited
    assert "The portal tries again" not in awaited
    advance(shared, grant_id)
    assert grant(shared, grant_id).state == "active"
    assert press(alice, f"/access/{grant_id}/delivery").status_code == 409


def test_a_busy_target_is_promised_to_be_asked_again(shared: World, target: CountingTarget) -> None:
    target.failures = [BUSY] * 4
    grant_id = given(shared)
    for _ in range(3):
        let_pass_until_due(shared, grant_id)
        advance(shared, grant_id)
    assert "The portal tries again" in shared.client("bob").get(f"/access/{grant_id}").text


def test_i_still_cannot_open_it_finds_what_is_missing_and_mends_it(
    shared: World, target: CountingTarget
) -> None:
    grant_id = given(shared)
    bob = shared.client("bob")
    assert "as it was approved" in press(bob, f"/access/{grant_id}/check").text
    target.held.clear()
    assert "The access is not there." in press(bob, f"/access/{grant_id}/check").text
    advance(shared, grant_id)
    assert grant_id in target.held
    assert target.actions() == ["deliver", "deliver"]
    ids = [order.delivery_id for action, order in target.orders if action == "deliver"]
    assert len(set(ids)) == 2, "a repair must not be taken for what was done already"


def test_the_owner_gives_access_by_hand(shared: World) -> None:
    grant_id = given(shared, target=TargetName.MANUAL, who="dora")
    dora, chen = shared.client("dora"), shared.client("chen")
    assert "Waiting to be given" in dora.get("/access").text
    tasks = chen.get("/access/tasks").text
    assert "Give Dora Wu" in tasks
    assert "Collaborative Authorization" in tasks
    assert re.search(r"My tasks \(\d+\)", tasks)
    assert press(dora, f"/access/tasks/{grant_id}/confirmation").status_code == 404
    assert press(chen, f"/access/tasks/{grant_id}/confirmation").status_code == 303
    assert grant(shared, grant_id).state == "active"
    assert press(chen, f"/access/tasks/{grant_id}/confirmation").status_code == 409
    press(dora, f"/access/{grant_id}/return")
    advance(shared, grant_id)
    assert grant(shared, grant_id).state == "active", "it is there until somebody has taken it away"
    assert "I have taken it away" in chen.get("/access/tasks").text
    press(chen, f"/access/tasks/{grant_id}/confirmation")
    assert grant(shared, grant_id).state == "returned"


def test_who_cannot_do_it_says_why(shared: World) -> None:
    grant_id = given(shared, target=TargetName.MANUAL)
    chen = shared.client("chen")
    assert press(chen, f"/access/tasks/{grant_id}/refusal", reason="").status_code == 422
    assert press(chen, f"/access/tasks/{grant_id}/refusal", reason="Not my workspace").status_code == 303
    assert grant(shared, grant_id).state == "failing"
    assert "Not my workspace" in shared.client("bob").get(f"/access/{grant_id}").text


def test_nobody_gives_access_to_themselves(shared: World) -> None:
    """Chen owns it and asked for it: somebody else has to give it."""
    grant_id = given(shared, target=TargetName.MANUAL, who="chen")
    chen, alice = shared.client("chen"), shared.client("alice")
    assert "Chen Wei" not in re.sub(
        r"site-person.*?</div>", "", chen.get("/access/tasks").text, flags=re.DOTALL
    )
    assert press(chen, f"/access/tasks/{grant_id}/confirmation").status_code == 404
    assert press(alice, f"/access/tasks/{grant_id}/confirmation").status_code == 303


def test_a_task_that_was_never_done_ends_without_anybody(shared: World) -> None:
    grant_id = given(shared, target=TargetName.MANUAL)
    press(shared.client("bob"), f"/access/{grant_id}/return")
    advance(shared, grant_id)
    assert grant(shared, grant_id).state == "returned"


def test_who_cannot_mend_a_failure_reads_who_can_and_who_can_may_have_it_done_by_hand(
    shared: World, target: CountingTarget
) -> None:
    target.failures = [REFUSED]
    grant_id = given(shared)
    bob, chen = shared.client("bob"), shared.client("chen")
    page = bob.get(f"/access/{grant_id}").text
    assert "press Try again when it is mended: Chen Wei 陈伟." in page
    assert "Have it done by hand" not in page
    looked = press(bob, f"/access/{grant_id}/check").text
    assert "What hinders it stands below." in looked
    assert "gives it again now" not in looked
    assert "Have it done by hand" in chen.get(f"/access/{grant_id}").text
    assert press(bob, f"/access/{grant_id}/hands").status_code == 404
    assert press(chen, f"/access/{grant_id}/hands").status_code == 303
    advance(shared, grant_id)
    assert "Asked to act by hand: Chen Wei 陈伟." in bob.get(f"/access/{grant_id}").text
    assert f"/access/tasks/{grant_id}/confirmation" in chen.get("/access/tasks").text


def test_a_look_at_access_that_is_over_says_that_it_should_be_gone(
    shared: World, target: CountingTarget
) -> None:
    grant_id = given(shared, resource="war-room")
    bob = shared.client("bob")
    press(bob, f"/access/{grant_id}/return")
    advance(shared, grant_id)
    assert "this is as it should be" in press(bob, f"/access/{grant_id}/check").text
    target.held[grant_id] = target.orders[0][1]
    looked = press(bob, f"/access/{grant_id}/check").text
    assert "The access is still there although it has ended." in looked
    assert "The portal takes it away again." in looked


def test_what_happens_again_and_again_is_told_once_and_hides_nothing(
    shared: World, target: CountingTarget
) -> None:
    target.failures = [BUSY, BUSY, BUSY]
    grant_id = int(approved(shared, resource="war-room", days=90) or 0)
    for _ in range(3):
        advance(shared, grant_id)
        let_pass_until_due(shared, grant_id)
    advance(shared, grant_id)
    bob = shared.client("bob")
    for _ in range(7):
        press(bob, f"/access/{grant_id}/check")
    page = bob.get(f"/access/{grant_id}").text
    assert "Could not be given, 3 times" in page
    assert page.count('<p class="timeline-title">Given</p>') == 1
    assert "Checked, 5 times" in page


class Telling(CountingTarget):
    """A target that tells more than that it is done."""

    told: ClassVar[dict[str, object]] = {}

    def deliver(self, order: GrantOrder) -> Delivered:
        return replace(super().deliver(order), facts=self.told)

    def remove(self, order: GrantOrder) -> Delivered:
        return replace(super().remove(order), facts=self.told)


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (
            {"is_inherited_from": "workspace", "can_open": True},
            "all members of the workspace have this access",
        ),
        ({"is_left": "not ours"}, "somebody else gave it in Quick BI"),
        ({"can_open": True}, "by another grant, or by access that Quick BI gives otherwise"),
        ({"can_open": False}, ""),
    ],
)
def test_what_stays_in_quick_bi_after_the_end_is_explained(
    shared: World, told: dict[str, object], sentence: str
) -> None:
    target = with_target(shared, Telling())
    grant_id = given(shared)
    target.told = told  # type: ignore[misc]
    bob = shared.client("bob")
    press(bob, f"/access/{grant_id}/return")
    advance(shared, grant_id)
    page = bob.get(f"/access/{grant_id}").text
    assert "Given back" in page
    assert sentence in page
    assert ("It can still be opened" in page) == bool(sentence)


def test_access_that_somebody_keeps_taking_away_in_the_tool_is_not_said_to_work(
    shared: World, target: CountingTarget
) -> None:
    grant_id = given(shared, resource="supply-chain")
    bob, chen = shared.client("bob"), shared.client("chen")
    target.held.clear()
    assert "The portal gives it again now" in press(bob, f"/access/{grant_id}/check").text
    advance(shared, grant_id)
    assert "Access works" in bob.get(f"/access/{grant_id}").text
    target.held.clear()
    looked = press(bob, f"/access/{grant_id}/check").text
    assert "The portal does not change it by itself." in looked
    assert "Access differs" in looked
    assert "Access differs" in bob.get("/access").text
    assert "Give it again" not in looked
    assert chen.get(f"/access/{grant_id}").status_code == 404
    alice = shared.client("alice")
    assert "Give it again" in alice.get(f"/access/{grant_id}").text
    assert press(alice, f"/access/{grant_id}/delivery").status_code == 303
    advance(shared, grant_id)
    assert "Access works" in bob.get(f"/access/{grant_id}").text


def test_an_open_request_asks_often_for_what_comes_in_moments_and_now_and_then_for_what_waits_for_people(
    shared: World, target: CountingTarget
) -> None:
    pace = re.compile('id="status"[^>]* hx-trigger="every ([0-9]+)s"')
    bob = shared.client("bob")
    soon = int(approved(shared, resource="orders") or 0)
    number = shared.look(lambda: grant_row(soon).request.number)
    assert pace.findall(bob.get(f"/requests/{number}").text) == ["1"]
    target.failures = [REFUSED]
    advance(shared, soon)
    page = bob.get(f"/requests/{number}").text
    assert "Access is delayed" in page
    assert pace.findall(page) == ["5"]
    target.failures = []
    alice = shared.client("alice")
    assert press(alice, f"/access/{soon}/delivery").status_code == 303
    advance(shared, soon)
    assert pace.findall(bob.get(f"/requests/{number}").text) == []


def grant_row(grant_id: int) -> Grant:
    return db.session.get_one(Grant, grant_id)
