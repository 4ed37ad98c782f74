"""Keepers add, change and retire resources on their pages; nobody else does, and nobody overwrites another unseen."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.database import transaction
from portal.extensions import db
from portal.models import AuditEntry, PersonRole, Resource, Workspace
from portal.models.person import Role
from tests.portal_world import World, csrf_token
from tests.services.story import person_named

LINK = "https://bi.example.com/new"


@pytest.fixture
def alice(world: World) -> FlaskClient:
    return world.client("alice")


def resource(external_id: str) -> Resource:
    return db.session.scalars(select(Resource).filter_by(external_id=external_id)).one()


def id_of(world: World, external_id: str) -> int:
    return int(world.look(lambda: resource(external_id).id))


def filled(page: str, **changes: str) -> dict[str, str]:
    """Return what a browser would send of the form on this page."""
    form: dict[str, Any] = {"csrf_token": csrf_token(page)}
    for tag in re.findall(r"<input[^>]*>", page):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and 'type="search"' not in tag:
            form[name[1]] = value[1] if value else ""
    for name, text in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>\s*([^<]*)</textarea>', page):
        form[name] = text.strip()
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'<option selected value="([^"]*)"', options)
        form[name] = chosen[1] if chosen else ""
    return {**form, **changes}


def test_the_list_is_searched_filtered_and_paged(world: World, alice: FlaskClient) -> None:
    with world.app.app_context(), transaction() as session:
        session.add_all(
            Resource(resource_type="workbook", external_id=f"w{n:03}", name=f"Workbook {n:03}")
            for n in range(120)
        )
    first = alice.get("/catalogue?type=workbook&q=Workbook")
    assert first.text.count("<tr>") == 51
    more = re.search(r'href="(/catalogue\?[^"]*after=\d+)"', first.text)
    assert more
    second = alice.get(more[1].replace("&amp;", "&"))
    assert "Workbook 049" in second.text
    assert "Workbook 048" not in second.text
    found = alice.get("/catalogue", query_string={"q": "https://bi.example.com/dataset/orders?from=mail#x"})
    assert found.text.count("<tr>") == 2
    assert "Orders 订单明细" in found.text
    assert "Nothing found" in alice.get("/catalogue?gone=yes").text
    assert alice.get("/catalogue", headers={"HX-Request": "true"}).text.lstrip().startswith("<section")


def test_a_resource_page_says_what_is_known_and_who_can_hold_what(world: World, alice: FlaskClient) -> None:
    page = alice.get(f"/catalogue/{id_of(world, 'customers')}").text
    told = (
        "Customers 客户档案",
        "Chen Wei 陈伟",
        "Phone 电话",
        "See masked columns",
        "As members of the workspace",
    )
    assert [words for words in told if words not in page] == []
    assert "City 城市" not in page
    assert "resource_id=customers" in page


def test_a_resource_is_added_changed_and_told_of_in_the_audit_trail(world: World, alice: FlaskClient) -> None:
    form = filled(
        alice.get("/catalogue/new").text,
        resource_type="dashboard",
        external_id="new",
        name="New",
        workspace="New room",
        owner="grace",
        link=LINK,
    )
    made = alice.post("/catalogue", data=form)
    assert made.status_code == 303
    address = made.headers["Location"]
    assert "Grace Lin" in alice.get(address).text
    change = filled(alice.get(f"{address}/change").text, name="Newer", confirmation="Be careful")
    assert alice.post(address, data=change).status_code == 303
    with world.app.app_context():
        kept = resource("new")
        assert (kept.name, kept.link, kept.confirmation, kept.source) == (
            "Newer",
            LINK,
            "Be careful",
            "manual",
        )
        entries = db.session.scalars(
            select(AuditEntry)
            .filter_by(subject_type="resource", subject_id=str(kept.id))
            .order_by(AuditEntry.id)
        ).all()
        assert [each.action for each in entries] == ["resource.added", "resource.changed"]
        assert entries[1].before == {"name": "New", "confirmation": ""}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"external_id": ""}, "Enter the id"),
        ({"external_id": "orders", "resource_type": "dataset"}, "already has a resource"),
        ({"name": ""}, "Enter a name"),
        ({"name": "x" * 201}, "At most 200 characters"),
        ({"link": "javascript:alert(1)"}, "begins with https://"),
        ({"owner": "nobody-at-all"}, "not an active member"),
        ({"resource_type": "hologram"}, "Choose a type"),
        ({"target": "pigeon"}, "Choose one of the choices"),
        ({"masked_columns": "phone"}, "Only datasets"),
        ({"name": "a\x00b", "link": "nowhere"}, "begins with https://"),
    ],
)
def test_what_cannot_be_is_told_beside_its_field_and_nothing_is_lost(
    world: World, alice: FlaskClient, changes: dict[str, str], words: str
) -> None:
    given = {"resource_type": "dashboard", "external_id": "new", "name": "New", "description": "Kept text"}
    answer = alice.post("/catalogue", data=filled(alice.get("/catalogue/new").text, **{**given, **changes}))
    assert answer.status_code == 422
    assert words in answer.text
    assert "Kept text" in answer.text
    assert world.look(lambda: db.session.scalar(select(Resource.id).filter_by(external_id="new"))) is None


def test_two_who_change_the_same_resource_are_told(world: World, alice: FlaskClient) -> None:
    address = f"/catalogue/{id_of(world, 'supply-chain')}"
    seen = alice.get(f"{address}/change").text
    with world.app.app_context(), transaction():
        resource("supply-chain").name = "Meanwhile"
    answer = alice.post(address, data=filled(seen, name="Mine"))
    assert answer.status_code == 409
    assert "meanwhile" in answer.text
    assert 'value="Mine"' in answer.text
    assert world.look(lambda: resource("supply-chain").name) == "Meanwhile"
    assert alice.post(address, data=filled(answer.text)).status_code == 303
    assert world.look(lambda: resource("supply-chain").name) == "Mine"


def test_a_retired_resource_is_no_longer_offered_and_can_come_back(world: World, alice: FlaskClient) -> None:
    address = f"/catalogue/{id_of(world, 'supply-chain')}"
    token = {"csrf_token": csrf_token(alice.get(address).text)}
    deep_link = "/requests/new?resource_type=dashboard&resource_id=supply-chain"
    assert alice.post(f"{address}/retirement", data=token).status_code == 303
    assert alice.post(f"{address}/retirement", data=token).status_code == 303
    assert alice.get(deep_link).status_code == 404
    assert "Supply chain" not in alice.get("/requests/new").text
    assert "Supply chain" in alice.get("/catalogue?gone=yes").text
    assert alice.post(f"{address}/return", data=token).status_code == 303
    assert alice.get(deep_link).status_code == 200
    with world.app.app_context():
        actions = list(
            db.session.scalars(select(AuditEntry.action).where(AuditEntry.action.like("resource.%")))
        )
        assert actions == ["resource.retired", "resource.brought_back"]


def test_an_administrator_of_a_workspace_keeps_what_stands_in_it_and_nothing_else(world: World) -> None:
    chen = world.client("chen")
    theirs, others = id_of(world, "sales-overview"), id_of(world, "supply-chain")
    listed = chen.get("/catalogue").text
    assert "Sales overview" in listed
    assert "Supply chain" not in listed
    assert "Import a file" not in listed
    assert chen.get(f"/catalogue/{others}").status_code == 404
    assert chen.get(f"/catalogue/{others}/change").status_code == 404
    form = filled(chen.get(f"/catalogue/{theirs}/change").text, description="By Chen")
    assert chen.post(f"/catalogue/{others}", data=form).status_code == 404
    assert chen.post(f"/catalogue/{others}/retirement", data=form).status_code == 404
    moved = chen.post(f"/catalogue/{theirs}", data={**form, "workspace": "Operations 运营"})
    assert moved.status_code == 422
    assert "that you administer" in moved.text
    assert chen.post(f"/catalogue/{theirs}", data=form).status_code == 303
    added = {**form, "resource_type": "dashboard", "external_id": "mine", "workspace": "Operations 运营"}
    assert chen.post("/catalogue", data=added).status_code == 422
    with world.app.app_context():
        assert resource("sales-overview").description == "By Chen"
        home = db.session.get_one(Workspace, resource("sales-overview").workspace_id)
        assert home.name == "Sales 销售"
        assert db.session.scalar(select(Resource.id).filter_by(external_id="mine")) is None


def test_an_auditor_reads_the_whole_catalogue_and_changes_nothing(world: World) -> None:
    grace = world.client("grace")
    with world.app.app_context(), transaction() as session:
        person = person_named("grace")
        session.add(PersonRole(person_id=person.id, role=Role.AUDITOR, given_at=world.clock.now()))
    wanted = id_of(world, "sales-overview")
    page = grace.get(f"/catalogue/{wanted}")
    assert page.status_code == 200
    assert "Retire" not in page.text
    token = {"csrf_token": csrf_token(page.text)}
    assert grace.get("/catalogue").status_code == 200
    for address in (
        f"/catalogue/{wanted}",
        f"/catalogue/{wanted}/retirement",
        "/catalogue",
        "/catalogue/imports",
    ):
        assert grace.post(address, data=token).status_code == 403, address
    assert world.look(lambda: resource("sales-overview").gone_at) is None
    for address in (f"/catalogue/{wanted}", "/requests", "/access"):
        assert "Request access" not in grace.get(address).text, address
    form = grace.get("/requests/new?resource_type=dashboard&resource_id=sales-overview").text
    assert "Auditors change nothing" in form
    assert re.search(r'<button class="btn btn-primary" disabled', form)


def test_people_without_a_role_find_no_catalogue_to_keep(world: World) -> None:
    dora = world.client("dora")
    assert "/catalogue" not in dora.get("/requests").text
    for address in (
        "/catalogue",
        "/catalogue/1",
        "/catalogue/new",
        "/catalogue/1/change",
        "/catalogue/imports",
    ):
        assert dora.get(address).status_code == 403, address


@pytest.mark.parametrize(
    "query",
    ["after=999999999999999999", "workspace=-1", "type=x&source=y", "q=%00%25_", "q=http://[::1", "after=x"],
)
def test_odd_addresses_break_nothing(world: World, query: str) -> None:
    assert world.client("alice").get(f"/catalogue?{query}").status_code == 200
    assert world.client("alice").get("/catalogue/99999999999999999999").status_code == 404
