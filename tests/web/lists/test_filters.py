"""Filters of both lists: each alone and together, for everybody who oversees and nobody else."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from portal.database import transaction
from portal.extensions import db
from portal.models import AccessRequest, RequestItem, Resource, Workspace, WorkspaceMember
from portal.models.person import Role
from tests.portal_world import World
from tests.services.engines import on_both_engines
from tests.services.made_up_requests import AT, MadeUpRequests
from tests.web.lists.conftest import give_role, grant, id_of

HTMX = {"HX-Request": "true"}
PATHS = ("/requests/all", "/grants")

pytestmark = on_both_engines


def numbers(client: FlaskClient, path: str, **query: str) -> list[str]:
    answer = client.get(path, query_string=query)
    assert answer.status_code == 200, answer.text
    return re.findall(r'class="request-number" href="/requests/(AR-[0-9-]+)"', answer.text)


@pytest.fixture
def asked(world: World, made: MadeUpRequests) -> dict[str, str]:
    """A sales dashboard and a dataset, asked for by two people, decided by two, months apart."""
    bob, kate = made.person("Bob One 李"), made.person("Kate Two 周")
    chen, frank = made.person("Chen Three 陈"), made.person("Frank Four 赵")
    sales, orders = made.resource("Sales 销售", "Retail 零售"), made.resource("Orders 订单", "Finance 财务")
    first = made.request(bob, chen, sales)
    second = made.request(kate, frank, orders, state="rejected")
    third = made.request(kate, chen, sales, state="pending")
    with world.app.app_context(), transaction() as session:
        session.get_one(Resource, orders).resource_type = "dataset"
        rows = session.query(AccessRequest).order_by(AccessRequest.id).all()
        for months, row in enumerate(rows):
            row.submitted_at = AT + timedelta(days=31 * months)
        rows[2].on_behalf_of_id = bob
        item = session.query(RequestItem).filter_by(request_id=rows[2].id).one()
        item.entitlement = "export"
    return {"first": first, "second": second, "third": third}


REQUESTS = [
    ({"person": "kate"}, ["third", "second"]),
    ({"person": "bob one"}, ["third", "first"]),
    ({"resource": "销售"}, ["third", "first"]),
    ({"workspace": "finance"}, ["second"]),
    ({"approver": "chen"}, ["third", "first"]),
    ({"type": "dataset"}, ["second"]),
    ({"level": "export"}, ["third"]),
    ({"since": "2026-03-20"}, ["third", "second"]),
    ({"until": "2026-03-01"}, ["first"]),
    ({"since": "2026-03-20", "until": "2026-04-10"}, ["second"]),
    ({"since": "2030-01-01"}, []),
    ({"person": "kate", "approver": "chen"}, ["third"]),
    ({"person": "kate", "state": "rejected", "q": "orders"}, ["second"]),
    ({"person": "nobody at all"}, []),
    (
        {"type": "spaceship", "level": "x", "since": "soon", "until": "9999-99-99"},
        ["third", "second", "first"],
    ),
]


def test_requests_are_narrowed_by_each_filter_and_by_all_together(
    alice: FlaskClient, asked: dict[str, str]
) -> None:
    for query, expected in REQUESTS:
        assert numbers(alice, "/requests/all", **query) == [asked[each] for each in expected], query


def test_grants_are_narrowed_by_each_filter(world: World, alice: FlaskClient, asked: dict[str, str]) -> None:
    grant(world, asked["first"])
    grant(world, asked["second"], state="failing", target="webhook", approved_at=AT + timedelta(days=31))
    grant(world, asked["third"], state="expired", approved_at=AT + timedelta(days=62), ended_at=AT)
    everything = ["third", "second", "first"]
    for query, expected in (
        ({}, everything),
        ({"state": "open"}, ["second", "first"]),
        ({"state": "expired"}, ["third"]),
        ({"target": "webhook"}, ["second"]),
        ({"person": "kate"}, ["third", "second"]),
        ({"resource": "orders"}, ["second"]),
        ({"workspace": "零售"}, ["third", "first"]),
        ({"approver": "frank"}, ["second"]),
        ({"type": "dataset"}, ["second"]),
        ({"level": "export"}, ["third"]),
        ({"since": "2026-03-20", "until": "2026-04-10"}, ["second"]),
        ({"q": "kate sales"}, ["third"]),
        ({"q": asked["first"].lower()}, ["first"]),
        ({"q": "nobody"}, []),
        ({"person": "kate", "state": "active"}, []),
        ({"state": "gone", "target": "moon"}, everything),
    ):
        assert numbers(alice, "/grants", **query) == [asked[each] for each in expected], query


def test_pages_of_grants_follow_each_other_without_a_gap(
    world: World, made: MadeUpRequests, alice: FlaskClient
) -> None:
    bob, sales = made.person("Bob"), made.resource("Sales")
    expected = made.requests([(bob, bob, sales, "approved")] * 45)[::-1]
    for each in reversed(expected):
        grant(world, each)
    found: list[str] = []
    address: str | None = "/grants?person=bob"
    while address:
        page = alice.get(address).text
        found += re.findall(r'class="request-number" href="/requests/(AR-[0-9-]+)"', page)
        older = re.search(r'href="([^"]*older_than=[^"]*)"', page)
        address = older[1].replace("&amp;", "&") if older else None
    assert found == expected


def test_htmx_gets_the_list_alone_under_an_address_that_can_be_kept(alice: FlaskClient) -> None:
    for path in PATHS:
        answer = alice.get(path, query_string={"person": "李", "x": "y"}, headers=HTMX)
        assert "<html" not in answer.text
        assert answer.headers["HX-Replace-Url"] == f"{path}?person=%E6%9D%8E"


def test_odd_addresses_break_nothing(alice: FlaskClient) -> None:
    for query in (
        {"q": "%_'\"\x00", "person": "\x00"},
        {"person": "x" * 5000},
        {"older_than": "9" * 20},
        {"since": "0001-01-01", "until": "2026-02-30"},
    ):
        for path in PATHS:
            assert alice.get(path, query_string=query).status_code == 200, query


def test_each_role_that_reads_everything_sees_both_lists(world: World, asked: dict[str, str]) -> None:
    for person, role in zip(("dora", "bob", "chen", "kate"), Role, strict=True):
        client = world.client(person)
        with world.app.app_context(), transaction() as session:
            session.query(WorkspaceMember).delete()
        for path in PATHS:
            assert client.get(path).status_code == 403
            assert f'href="{path}"' not in client.get("/requests").text
        give_role(world, person, role)
        assert numbers(client, "/requests/all") == [asked[each] for each in ("third", "second", "first")]
        assert client.get("/grants").status_code == 200
        assert 'href="/grants"' in client.get("/requests").text


def test_a_workspace_administrator_sees_what_stands_in_theirs_alone(
    world: World, asked: dict[str, str]
) -> None:
    grant(world, asked["first"])
    grant(world, asked["second"])
    client = world.client("dora")
    dora = id_of(world, "dora")
    with world.app.app_context(), transaction() as session:
        workspace = Workspace(name="Finance of a test")
        workspace.members.append(WorkspaceMember(person_id=dora, role="administrator", given_at=AT))
        session.add(workspace)
        session.flush()
        session.query(Resource).filter_by(name="Orders 订单").one().workspace_id = workspace.id
    assert numbers(client, "/requests/all") == [asked["second"]]
    assert numbers(client, "/grants") == [asked["second"]]
    assert numbers(client, "/requests/all", resource="销售") == []
    with world.app.app_context(), transaction():
        db.session.query(WorkspaceMember).filter_by(person_id=dora).one().role = "developer"
    assert client.get("/requests/all").status_code == 403
