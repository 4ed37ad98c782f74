"""The form with several items: deep links, buttons that change it, faults beside their items, and attackers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from portal.database import transaction
from portal.extensions import db
from portal.models import AccessRequest, Approval, Grant, RequestItem, Resource
from portal.services.requests.request_form import MOST_ITEMS
from tests.portal_world import World, csrf_token
from tests.services.several_story import change_resource, change_settings, choose_fallback
from tests.services.story import approval_of, person_named
from tests.services.story import ask as ask_service
from tests.web.access_requests.asking import hidden, open_form

SALES = ("dashboard", "sales-overview")
REGIONS = ("dashboard", "regional-revenue")
PORTAL = ("data_portal", "executive-portal")
ORDERS = ("dataset", "orders")
TARGETS = ("workbook", "monthly-targets")


def form_of(*resources: tuple[str, str], **fields: Any) -> MultiDict[str, str]:
    """Return what a browser sends for these resources, the first of them under the plain names."""
    filled: MultiDict[str, str] = MultiDict({"validity": "7", "reason": "Quarterly report", "until": ""})
    for place, (resource_type, resource_id) in enumerate(resources):
        end = f"-{place}" if place else ""
        filled.add("resource_type", resource_type)
        filled.add("resource_id", resource_id)
        filled.add(f"level{end}", "use" if resource_type == "dataset" else "view")
        filled.add(f"again{end}", "1")
        filled.add(f"confirmed{end}", "1")
    for name, value in fields.items():
        filled.setlist(name.replace("__", "-"), value if isinstance(value, list) else [value])
    return filled


def send(client: FlaskClient, filled: MultiDict[str, str], *, is_htmx: bool = False) -> TestResponse:
    page = open_form(client)
    filled = MultiDict(filled)
    filled.setdefault("csrf_token", csrf_token(page))
    filled.setdefault("submission_key", hidden(page, "submission_key"))
    return client.post("/requests", data=filled, headers={"HX-Request": "true"} if is_htmx else {})


def link(*resources: tuple[str, str], **more: Any) -> MultiDict[str, str]:
    query: MultiDict[str, str] = MultiDict()
    for resource_type, resource_id in resources:
        query.add("resource_type", resource_type)
        query.add("resource_id", resource_id)
    for name, value in more.items():
        query.setlist(name, value if isinstance(value, list) else [value])
    return query


def resources_in(page: str) -> list[str]:
    return re.findall(r'name="resource_id" value="([^"]+)"', page)


def requests_in(world: World) -> int:
    return int(world.look(lambda: db.session.scalar(select(func.count(AccessRequest.id)))) or 0)


def test_a_deep_link_may_name_several_resources_each_with_its_level(ready: World) -> None:
    page = ready.client("bob").get(
        "/requests/new", query_string=link(SALES, PORTAL, ORDERS, level=["export", "", "edit"])
    )
    assert resources_in(page.text) == ["sales-overview", "executive-portal", "orders"]
    chosen = re.findall(r'name="(level[^"]*)"[^>]*value="(\w+)" checked', page.text)
    assert chosen == [("level", "export"), ("level-1", "view"), ("level-2", "edit")]
    assert page.text.count('class="decider-group"') == 2


def test_three_items_of_two_owners_become_one_request_with_two_approvals(ready: World) -> None:
    bob = ready.client("bob")
    sent = send(bob, form_of(SALES, PORTAL, REGIONS))
    assert sent.status_code == 303, sent.text
    number = sent.headers["Location"].rsplit("/", 1)[1]
    with ready.app.app_context():
        asked = db.session.scalars(select(AccessRequest).filter_by(number=number)).one()
        assert [len(_items(each.id)) for each in asked.approvals] == [2, 1]
    status = bob.get(f"/requests/{number}").text
    for name in ("Sales overview", "Executive portal", "Regional revenue"):
        assert name in status


@pytest.mark.parametrize("is_htmx", [True, False])
def test_buttons_change_the_items_keep_what_was_typed_and_send_nothing(ready: World, is_htmx: bool) -> None:
    bob, before = ready.client("bob"), requests_in(ready)
    typed = {"reason": "Typed <b>with care</b>", "validity": "other", "days": "12", "level__1": "edit"}
    regions_id = resource_id_of(ready, "regional-revenue")
    added = send(bob, form_of(SALES, PORTAL, add=str(regions_id), **typed), is_htmx=is_htmx)
    assert added.status_code == 200
    assert ("<html" not in added.text) == is_htmx
    assert resources_in(added.text) == ["sales-overview", "executive-portal", "regional-revenue"]
    assert re.search(r'name="level-1"[^>]*value="edit" checked', added.text)
    assert "Typed &lt;b&gt;with care&lt;/b&gt;" in added.text
    assert 'value="12"' in added.text
    left = send(bob, form_of(SALES, PORTAL, leave_out="0", **typed), is_htmx=is_htmx)
    assert resources_in(left.text) == ["executive-portal"]
    assert re.search(r'name="level"[^>]*value="edit" checked', left.text)
    assert requests_in(ready) == before


@pytest.mark.parametrize(
    "fields",
    [
        {"add": "999999"},
        {"add": "x" * 5000},
        {"add": "-1"},
        {"add": "9" * 18},
        {"leave_out": "7"},
        {"leave_out": "x"},
        {"leave_out": "-1"},
        {"for": "nobody-at-all"},
        {"for": "bob"},
        {"for": "local:999999"},
        {"for": "\x00"},
        {"find": "resources", "q": "%_\\' \x00"},
        {"find": "colleague", "colleague": "\x00" * 500},
        {"renews": "999999999"},
        {"renews": "x", "repeats": "AR-2026-000001"},
    ],
)
def test_odd_buttons_break_nothing(ready: World, fields: dict[str, str]) -> None:
    answer = send(ready.client("bob"), form_of(SALES, PORTAL, **fields))
    assert answer.status_code in (200, 303)


def test_too_many_items_are_refused_and_not_cut_off_in_silence(ready: World) -> None:
    before = requests_in(ready)
    answer = send(ready.client("bob"), form_of(*[SALES] * (MOST_ITEMS + 5)))
    assert answer.status_code == 422
    assert requests_in(ready) == before


def test_a_fault_of_an_item_stands_beside_it_and_in_the_summary(ready: World) -> None:
    for fields, anchor, words in (
        ({"level__1": "use"}, "level-1", "Choose a level"),
        ({"level__1": []}, "level-1", "Choose what you need."),
    ):
        answer = send(ready.client("bob"), form_of(SALES, PORTAL, **fields))
        assert answer.status_code == 422
        assert f'href="#{anchor}"' in answer.text
        error = re.search(rf'id="{anchor}-error">.*?</p>', answer.text, re.DOTALL)
        assert error
        assert words in error[0]


def test_an_item_that_is_gone_meanwhile_is_left_out_and_told_before_anything_is_sent(ready: World) -> None:
    before = requests_in(ready)
    answer = send(ready.client("bob"), form_of(SALES, ("dashboard", "gone"), PORTAL))
    assert answer.status_code == 422
    assert "no longer exists" in answer.text
    assert resources_in(answer.text) == ["sales-overview", "executive-portal"]
    assert requests_in(ready) == before


def test_where_nobody_can_decide_about_one_item_it_is_named_and_can_be_left_out(ready: World) -> None:
    bob = ready.client("bob")
    page = bob.get("/requests/new", query_string=link(SALES, TARGETS)).text
    assert "Nobody can decide about Monthly targets" in page
    assert re.search(r'<button class="btn btn-primary" disabled', page)
    assert send(bob, form_of(SALES, TARGETS)).status_code == 409
    assert "Nobody can decide" not in send(bob, form_of(SALES, TARGETS, leave_out="1")).text


def test_what_waits_already_is_shown_with_its_number_and_asked_again_only_with_a_tick(ready: World) -> None:
    grace = ready.client("grace")
    first = send(grace, form_of(REGIONS)).headers["Location"].rsplit("/", 1)[1]
    page = grace.get("/requests/new", query_string=link(REGIONS)).text
    assert f'href="/requests/{first}"' in page
    filled = form_of(REGIONS)
    del filled["again"]
    refused = send(grace, filled)
    assert refused.status_code == 422
    assert f"{first} asks for this already" in refused.text
    second = send(grace, form_of(REGIONS)).headers["Location"].rsplit("/", 1)[1]
    third = send(grace, form_of(REGIONS, level="export")).headers["Location"].rsplit("/", 1)[1]
    page = grace.get("/requests/new", query_string=link(REGIONS)).text
    told = [f'href="/requests/{number}"' in page for number in (first, second, third)]
    assert told == [False, True, True], "of the same the newest is told, and what differs"


def test_columns_are_offered_where_there_are_masked_ones_and_must_be_chosen(ready: World) -> None:
    masked = [
        {"name": "phone", "label": "Phone 电话", "is_masked": True},
        {"name": "day", "is_masked": False},
    ]
    change_resource(ready, "orders", columns=masked, confirmation="")
    bob = ready.client("bob")
    page = bob.get("/requests/new", query_string=link(ORDERS, level="unmask", columns="phone,day,<b>")).text
    assert re.findall(r'name="column"[^>]*value="([^"]+)" checked', page) == ["phone"]
    assert "<b>" not in page
    answer = send(bob, form_of(ORDERS, level="unmask"))
    assert answer.status_code == 422
    assert "Choose at least one of the columns." in answer.text
    assert send(bob, form_of(ORDERS, level="unmask", column=["phone", "day"])).status_code == 303
    change_settings(ready, is_column_entry_on=False)
    assert 'value="unmask"' not in bob.get("/requests/new", query_string=link(ORDERS)).text
    change_settings(ready, is_column_entry_on=True)


def test_a_colleague_is_found_chosen_and_left_again(ready: World) -> None:
    bob = ready.client("bob")
    found = bob.get(
        "/requests/colleagues", query_string={"colleague": "o"}, headers={"HX-Request": "true"}
    ).text
    keys = re.findall(r'name="for" value="([^"]+)"', found)
    assert "dora" in keys
    assert not {"bob", "frank"} & set(keys)
    chosen = send(bob, form_of(SALES, **{"for": "chen"})).text
    assert "For Chen Wei" in chosen
    assert hidden(chosen, "on_behalf_of") == "chen"
    assert "Nobody can decide" in chosen  # the owner would get the access
    choose_fallback(ready, "iris")
    sent = send(bob, form_of(SALES, on_behalf_of="chen"))
    assert sent.status_code == 303, sent.text
    with ready.app.app_context():
        approval = approval_of(sent.headers["Location"].rsplit("/", 1)[1])
        assert (approval.approver.user_id, approval.state) == ("iris", "awaiting_acceptance")
        db.session.rollback()
    assert send(bob, form_of(SALES, **{"for": "", "on_behalf_of": "chen"})).text.count("For Chen Wei") == 0


def test_a_level_that_the_colleague_cannot_hold_is_not_lowered_in_silence(ready: World) -> None:
    bob = ready.client("bob")
    ready.client("dora")
    with ready.app.app_context(), transaction():
        person_named("dora").user_type = "visitor"
    drawn = send(bob, form_of(SALES, level="edit", **{"for": "dora"})).text
    assert "Visitors of Quick BI cannot hold this level." in drawn
    assert not re.search(r'name="level"[^>]* checked', drawn)
    answer = send(bob, form_of(SALES, level=[], on_behalf_of="dora"))
    assert answer.status_code == 422
    assert "Choose what you need." in answer.text
    with ready.app.app_context(), transaction():
        person_named("dora").user_type = None


def test_what_nobody_can_hold_or_ask_for_here_is_told_before_anything_is_typed(ready: World) -> None:
    bob, is_disabled = ready.client("bob"), r'<button class="btn btn-primary" disabled'
    with ready.app.app_context(), transaction():
        person_named("bob").user_type = "visitor"
    page = bob.get("/requests/new", query_string=link(("data_source", "warehouse"))).text
    with ready.app.app_context(), transaction():
        person_named("bob").user_type = None
    assert "No level of it can be held at present" in page
    assert re.search(is_disabled, page)
    change_settings(ready, is_data_work_entry_on=False, is_column_entry_on=False)
    closed = bob.get("/requests/new", query_string=link(SALES)).text
    change_settings(ready, is_data_work_entry_on=True, is_column_entry_on=True)
    assert "An organization admin has switched off asking for resources" in closed
    assert re.search(is_disabled, closed)


def test_people_who_are_not_signed_in_find_neither_resources_nor_colleagues(ready: World) -> None:
    for address in ("/requests/found?q=sales", "/requests/colleagues?colleague=o"):
        assert ready.client().get(address).status_code == 303


def test_asking_again_is_prefilled_for_whoever_asked_and_for_nobody_else(ready: World) -> None:
    number = ask_service(
        ready,
        items=[{"resource": "regional-revenue", "entitlement": "export"}, {"resource": "executive-portal"}],
        days=3,
        reason="For the audit",
    )
    page = ready.client("bob").get(f"/requests/new?repeats={number}").text
    assert resources_in(page) == ["regional-revenue", "executive-portal"]
    assert "For the audit" in page
    assert re.search(r'name="validity"[^>]*value="3" checked|checked[^>]*name="validity"[^>]*value="3"', page)
    for who in ("dora", "chen"):
        page = ready.client(who).get(f"/requests/new?repeats={number}").text
        assert "For the audit" not in page
        assert resources_in(page) == []


def test_a_grant_is_renewed_by_its_person_alone(ready: World) -> None:
    number = ask_service(ready, resource="regional-revenue", entitlement="export")
    with ready.app.app_context():
        approval = approval_of(number)
        (item,) = _items(approval.id)
        grant = Grant(
            item_id=item.id,
            request_id=item.request_id,
            person_id=person_named("bob").id,
            resource_id=item.resource_id,
            entitlement="export",
            target="manual",
            state="active",
            approved_at=ready.clock.now(),
            expires_at=None,
        )
        db.session.add(grant)
        db.session.commit()
        grant_id = grant.id
    page = ready.client("bob").get(f"/requests/new?renews={grant_id}").text
    assert resources_in(page) == ["regional-revenue"]
    assert hidden(page, "renews") == str(grant_id)
    assert resources_in(ready.client("dora").get(f"/requests/new?renews={grant_id}").text) == []
    own = send(ready.client("bob"), form_of(REGIONS, renews=str(grant_id), level="export"))
    foreign = send(ready.client("dora"), form_of(REGIONS, renews=str(grant_id), level="export"))
    kept = [renewed_by(ready, each.headers["Location"].rsplit("/", 1)[1]) for each in (own, foreign)]
    assert kept == [grant_id, None]


def renewed_by(world: World, number: str) -> int | None:
    with world.app.app_context():
        (item,) = _items(approval_of(number).id)
        return item.renews_grant_id


def resource_id_of(world: World, name: str) -> int:
    return int(world.look(lambda: db.session.scalars(select(Resource.id).filter_by(external_id=name)).one()))


def _items(approval_id: int) -> list[RequestItem]:
    found = select(RequestItem).join(Approval).where(Approval.id == approval_id).order_by(RequestItem.id)
    return list(db.session.scalars(found))
