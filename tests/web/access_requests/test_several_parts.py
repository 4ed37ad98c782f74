"""A request of several parts: each says where it stands, and what one may do about it; at no greater cost."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.database import transaction
from portal.models import Resource
from tests.portal_world import World, csrf_token
from tests.services.pending_story import (
    approvals_of,
    make_permission_administrator,
    pass_days,
    set_rules,
    states_of,
    work_on,
)
from tests.services.story import ask, person_named
from tests.web.counted_statements import statements_of

OF_TWO = ({"resource": "sales-overview"}, {"resource": "regional-revenue"}, {"resource": "executive-portal"})


@pytest.fixture
def number(ready: World) -> str:
    """Ask for three things, two of Chen's and one of Alice's, and let both approvals start."""
    for person in ("bob", "chen", "dora"):
        ready.client(person)
    set_rules(ready, approver_kinds=["data_work_owner"])
    number = ask(ready, items=OF_TWO)
    ready.work_until(lambda: states_of(number) == ["pending", "pending"])
    return number


def send(client: FlaskClient, path: str, **fields: str) -> TestResponse:
    token = csrf_token(client.get("/requests").text)
    return client.post(path, data={"csrf_token": token, **fields})


def instance_of(world: World, number: str, person: str) -> str:
    found = world.look(
        lambda: [each.instance_id for each in approvals_of(number) if each.approver.user_id == person]
    )
    return str(found[0])


def test_each_part_says_who_decides_it_and_where_it_stands(ready: World, number: str) -> None:
    page = ready.client("bob").get(f"/requests/{number}").text
    assert "3 items wait for decisions." in page
    assert len(re.findall(r'<section class="panel request-group"', page)) == 2
    assert "waits for Chen Wei 陈伟" in page
    assert "waits for Alice Zhang 张爱丽" in page


def test_one_part_may_be_rejected_while_the_other_is_approved(ready: World, number: str) -> None:
    ready.act(instance_of(ready, number, "alice"), "alice", "refuse", "Not this one")
    ready.act(instance_of(ready, number, "chen"), "chen", "agree")
    ready.work_until(lambda: sorted(states_of(number)) == ["approved", "rejected"])
    page = ready.client("bob").get(f"/requests/{number}").text
    assert "Partly approved" in page
    assert "2 of 3 approved" in page
    assert "1 of 3 rejected" in page
    assert page.count("Open this access") == 2
    assert "Not this one" in page
    assert f"/requests/new?repeats={number}" in page


def test_one_part_is_withdrawn_and_the_other_goes_on(ready: World, number: str) -> None:
    ready.control("PUT", "/settings", {"withdraw_wait_seconds": 0})
    bob = ready.client("bob")
    assert send(bob, f"/requests/{number}/withdrawal", position="2").status_code == 303
    assert send(bob, f"/requests/{number}/withdrawal", position="2").status_code == 409
    assert send(bob, f"/requests/{number}/withdrawal", position="9").status_code == 404
    work_on(ready, rounds=4)
    assert ready.look(lambda: states_of(number)) == ["pending", "withdrawn"]
    assert send(bob, f"/requests/{number}/withdrawal").status_code == 303
    work_on(ready, rounds=4)
    assert ready.look(lambda: states_of(number)) == ["withdrawn", "withdrawn"]


def test_a_page_of_many_parts_costs_as_many_statements_as_one_of_two(ready: World, number: str) -> None:
    bob = ready.client("bob")
    two = statements_of(ready, bob, f"/requests/{number}")
    make_permission_administrator(ready, "dora")
    set_rules(ready, approver_kinds=["data_work_owner", "permission_administrator"])
    many = ask(
        ready,
        items=(
            *OF_TWO,
            {"resource": "web-traffic", "entitlement": "use"},
            {"resource": "orders", "entitlement": "use"},
        ),
    )
    assert ready.look(lambda: len(states_of(many))) == 3
    ready.work_until(lambda: set(states_of(many)) == {"pending"})
    assert statements_of(ready, bob, f"/requests/{many}") == two


def test_a_part_that_was_passed_on_is_told_with_what_replaced_it(ready: World) -> None:
    for person in ("bob", "chen", "alice"):
        ready.client(person)
    ready.control("PUT", "/settings", {"withdraw_wait_seconds": 0})
    make_permission_administrator(ready, "alice")
    set_rules(ready, escalates_after_days=3)
    number = ask(ready)
    ready.work_until(lambda: states_of(number) == ["pending"])
    pass_days(ready, 3.1)
    assert "then asks somebody else" in ready.client("bob").get(f"/requests/{number}").text
    work_on(ready)
    page = ready.client("bob").get(f"/requests/{number}").text
    asked = ready.look(lambda: approvals_of(number)[1].approver.name)
    assert f"Nobody decided within 3 days; {asked} was asked instead" in page
    assert "request-group" not in page
    assert "contradicts" not in page


def test_the_colleague_it_is_for_accepts_on_its_page(ready: World) -> None:
    for person in ("bob", "chen", "dora"):
        ready.client(person)
    number = ask(ready, on_behalf_of="dora")
    bob, dora = ready.client("bob"), ready.client("dora")
    assert "1 request waits for your answer" in dora.get("/requests").text
    assert "asks for this access for you" in dora.get(f"/requests/{number}").text
    assert "asks for this access for you" not in bob.get(f"/requests/{number}").text
    for person in ("bob", "chen", "alice"):
        assert (
            send(ready.client(person), f"/requests/{number}/acceptance", answer="accept").status_code == 404
        )
    assert send(dora, f"/requests/{number}/acceptance", answer="maybe").status_code == 422
    assert send(dora, f"/requests/{number}/acceptance", answer="accept").status_code == 303
    assert send(dora, f"/requests/{number}/acceptance", answer="decline").status_code == 409
    assert send(dora, f"/requests/{number}/withdrawal").status_code == 404
    assert ready.look(lambda: states_of(number)) != ["awaiting_acceptance"]
    assert "Asked for you by Bob Li 李博" in dora.get("/requests").text
    assert "For Dora Wu 吴朵" in bob.get("/requests").text


def test_reminding_is_for_the_requester_and_once_in_a_while(ready: World, number: str) -> None:
    bob, path = ready.client("bob"), f"/requests/{number}/reminders"
    assert "Remind Chen Wei 陈伟" in bob.get(f"/requests/{number}").text
    reminded = send(bob, path, position="1")
    assert reminded.headers["Location"].endswith(f"/requests/{number}#request-group-1")
    assert send(bob, path, position="1").status_code == 409
    assert "You can remind them again" in bob.get(f"/requests/{number}").text
    for odd in ("0", "-1", "9", "9" * 30):
        assert send(bob, path, position=odd).status_code in (404, 409)
    for person in ("chen", "alice", "dora"):
        assert send(ready.client(person), path, position="2").status_code == 404


def test_whose_role_reads_everything_changes_nothing_of_it(ready: World, number: str) -> None:
    kate = ready.client("kate")
    assert kate.get(f"/requests/{number}").status_code == 404
    make_permission_administrator(ready, "kate")
    assert kate.get(f"/requests/{number}").status_code == 200
    assert kate.get(f"/requests/{number}/status").status_code == 200
    for path in ("withdrawal", "start", "reminders", "acceptance"):
        assert send(kate, f"/requests/{number}/{path}", answer="accept", position="1").status_code == 404


def test_a_part_that_no_one_person_decides_any_more_leads_to_a_form_filled_in_with_it(ready: World) -> None:
    for person in ("bob", "chen", "frank"):
        ready.client(person)
    set_rules(ready, approver_kinds=["data_work_owner"])
    number = ask(ready, items=OF_TWO)
    with ready.app.app_context(), transaction() as session:
        part = approvals_of(number)[0]
        part.state, part.due_at = "could_not_start", None
        session.query(Resource).filter_by(external_id="regional-revenue").one().owner_id = person_named(
            "frank"
        ).id
    bob = ready.client("bob")
    refused = send(bob, f"/requests/{number}/start")
    assert refused.status_code == 409
    assert "No one person decides about all of this any more" in refused.text
    link = re.search(rf'href="(/requests/new\?[^"]*{number}[^"]*)"', refused.text)
    assert link, "there is no way to the form"
    form = bob.get(link[1].replace("&amp;", "&")).text
    assert "Sales overview" in form
    assert "Regional revenue" in form
    assert "Executive portal" not in form
    with ready.app.app_context(), transaction() as session:
        session.query(Resource).filter_by(external_id="regional-revenue").one().owner_id = person_named(
            "chen"
        ).id
