"""Histories of people and resources: all that happened, kept after it is over, and for whom."""

from __future__ import annotations

import re
from datetime import timedelta

from flask.testing import FlaskClient

from portal.database import transaction
from portal.models import AccessRequest, Resource
from portal.models.person import Role
from tests.portal_world import World
from tests.services.engines import on_both_engines
from tests.services.made_up_requests import AT, MadeUpRequests
from tests.web.approval_settings.admin_browser import words
from tests.web.lists.conftest import give_role, grant, id_of

pytestmark = on_both_engines


def lines(client: FlaskClient, address: str) -> list[str]:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return re.findall(r'class="request-number" href="/requests/(AR-[0-9-]+)"', answer.text)


def test_what_is_over_stays_in_the_history_of_person_and_resource(
    world: World, made: MadeUpRequests, alice: FlaskClient
) -> None:
    bob, chen, sales = made.person("Bob Li"), made.person("Chen Wei"), made.resource("Sales")
    rejected = made.request(bob, chen, sales, state="rejected")
    over = made.request(bob, chen, sales)
    grant(
        world, over, state="revoked", ended_at=AT + timedelta(days=3), ended_by_id=chen, end_reason="Moved on"
    )
    for address in (f"/people/{bob}/history", f"/resources/{sales}/history"):
        assert lines(alice, address) == [over, rejected]
        said = words(alice.get(address).text)
        assert "Taken away" in said
        assert "Ended March 4, 2026" in said
        assert "Moved on" in said


def test_pages_of_a_history_follow_each_other(world: World, made: MadeUpRequests, alice: FlaskClient) -> None:
    bob, kate, sales = made.person("Bob"), made.person("Kate"), made.resource("Sales")
    asked = made.requests([(bob, kate, sales, "approved"), (kate, bob, sales, "rejected")] * 25)
    with world.app.app_context(), transaction() as session:
        # One of Kate's was for Bob.
        session.query(AccessRequest).filter_by(number=asked[1]).one().on_behalf_of_id = bob
    for address, expected in (
        (f"/people/{bob}/history", [asked[0], asked[1], *asked[2::2]][::-1]),
        (f"/resources/{sales}/history", asked[::-1]),
    ):
        found: list[str] = []
        following: str | None = address
        while following:
            found += lines(alice, following)
            older = re.search(r'href="([^"]*older_than=\d+)"', alice.get(following).text)
            following = older[1] if older else None
        assert found == expected


def test_everybody_sees_their_own_and_nobody_elses(world: World, made: MadeUpRequests) -> None:
    dora, sales = world.client("dora"), made.resource("Sales")
    world.client("bob")
    hers, bobs = id_of(world, "dora"), id_of(world, "bob")
    assert dora.get("/people/me/history").headers["Location"] == f"/people/{hers}/history"
    assert "My history" in dora.get(f"/people/{hers}/history").text
    for address in (f"/people/{bobs}/history", "/people/2147483647/history", f"/resources/{sales}/history"):
        assert dora.get(address).status_code == 404
    give_role(world, "dora", Role.AUDITOR)
    assert dora.get(f"/people/{bobs}/history").status_code == 200
    assert dora.get(f"/resources/{sales}/history").status_code == 200


def test_an_owner_sees_the_history_of_what_they_own(world: World, made: MadeUpRequests) -> None:
    sales = made.resource("Sales")
    number = made.request(made.person("Bob"), made.person("Chen"), sales)
    dora = world.client("dora")
    assert dora.get(f"/resources/{sales}/history").status_code == 404
    with world.app.app_context(), transaction() as session:
        session.get_one(Resource, sales).owner_id = id_of(world, "dora")
    assert lines(dora, f"/resources/{sales}/history") == [number]
