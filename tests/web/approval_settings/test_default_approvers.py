"""Approver kinds are ticked and ordered with buttons, and what that means is shown before it is saved."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from werkzeug.test import TestResponse

from portal.database import transaction
from portal.models import Resource
from portal.models.person import Role
from portal.services.audit import PORTAL
from tests.portal_world import CORP_ID, World
from tests.services.story import ask, person_named, set_up
from tests.web.approval_settings.admin_browser import PAGE, AdminBrowser, hidden, words

SECTION = f"{PAGE}/sections/default_approvers"
ALL = (
    "permission_administrator",
    "workspace_administrator",
    "data_work_owner",
    "enterprise_security_administrator",
)


def kinds(world: World) -> list[str]:
    return list(world.look(lambda: world.services.approval_settings.current().approver_kinds))


def post(
    alice: AdminBrowser,
    ticked: Sequence[str],
    *,
    order: Sequence[str] = ALL,
    has_script: bool = False,
    **more: Any,
) -> TestResponse:
    version = hidden(alice.get(SECTION, has_script=True).text, "version")
    form = {"kinds": list(ticked), "order": list(order), "version": version, **more}
    return alice.post("/default-approvers", has_script=has_script, **form)


def make(world: World, user_id: str, role: Role) -> None:
    with world.app.app_context():
        world.services.people.grant_role(PORTAL, corp_id=CORP_ID, user_id=user_id, role=role, name=user_id)


def test_the_page_fetches_the_section_later_and_shows_it_where_it_is_asked_for(alice: AdminBrowser) -> None:
    assert "approver-kinds" not in alice.get(PAGE).text.replace("approver_kinds.css", "")
    assert 'id="kind-data_work_owner"' in alice.get(f"{PAGE}?show=default_approvers").text


def test_ticked_kinds_are_kept_in_their_order(world: World, alice: AdminBrowser) -> None:
    assert kinds(world) == ["data_work_owner"]
    order = ("data_work_owner", "enterprise_security_administrator", *ALL[:2])
    answer = post(alice, ["permission_administrator", "data_work_owner"], order=order)
    assert answer.status_code == 303
    assert kinds(world) == ["data_work_owner", "permission_administrator"]


def test_a_button_moves_a_kind_and_saves_nothing(world: World, alice: AdminBrowser) -> None:
    moved = post(alice, ["data_work_owner"], up="data_work_owner", has_script=True)
    places = [moved.text.index(f'name="order" value="{kind}"') for kind in ALL]
    assert places[2] < places[1]
    assert "Not saved yet" in moved.text
    assert kinds(world) == ["data_work_owner"]


def test_a_tick_shows_with_real_names_what_requesters_would_be_offered(
    world: World, alice: AdminBrowser
) -> None:
    make(world, "iris", Role.PERMISSION_ADMINISTRATOR)
    only_owner = words(alice.get(SECTION, has_script=True).text)
    assert "Requesters are offered the owner alone" in only_owner
    query = "&".join(f"order={kind}" for kind in ALL)
    preview = alice.get(
        f"{PAGE}/default-approvers?{query}&kinds=permission_administrator&kinds=data_work_owner&version=1",
        has_script=True,
    )
    said = words(preview.text)
    assert "iris (asked unless somebody else is chosen)" in said
    assert "Chen Wei" in said
    assert "Requesters are offered the owner alone" not in said
    assert kinds(world) == ["data_work_owner"]


def test_resources_with_nobody_are_counted_and_listed(world: World, alice: AdminBrowser) -> None:
    with world.app.app_context(), transaction() as session:
        session.query(Resource).filter(Resource.external_id != "web-traffic").update(
            {"owner_id": person_named("alice").id}
        )
        session.query(Resource).filter(Resource.external_id == "web-traffic").update({"owner_id": None})
    assert "1 resource has nobody who decides" in words(alice.get(SECTION, has_script=True).text)
    listed = alice.get(f"{PAGE}/undecided-resources").text
    assert re.search(r'<a href="/catalogue/\d+">Web traffic', listed)
    assert "Sales overview" not in listed
    make(world, "iris", Role.PERMISSION_ADMINISTRATOR)
    post(alice, ["data_work_owner", "permission_administrator"])
    assert "nobody who decides" not in words(alice.get(SECTION, has_script=True).text)
    assert "Every resource has somebody who decides" in alice.get(f"{PAGE}/undecided-resources").text


def test_with_no_kind_only_the_fallback_decides_and_the_page_says_so(
    world: World, alice: AdminBrowser
) -> None:
    post(alice, [])
    assert kinds(world) == []
    said = words(alice.get(SECTION, has_script=True).text)
    assert "Only the fallback approver decides" in said
    assert "Nobody can decide" in said


def test_a_request_is_decided_by_the_first_kind_that_has_anybody(world: World, alice: AdminBrowser) -> None:
    set_up(world)
    make(world, "iris", Role.ENTERPRISE_SECURITY_ADMINISTRATOR)
    post(alice, ALL, order=("workspace_administrator", "enterprise_security_administrator", *ALL[:1], ALL[2]))
    number = ask(world, resource="supply-chain")
    page = world.client("bob").get(f"/requests/{number}").text
    assert "Is an enterprise security administrator." in page


@pytest.mark.parametrize("sent", [["king"], ["data_work_owner", "data_work_owner", "<script>"]])
def test_kinds_that_are_none_are_not_kept(world: World, alice: AdminBrowser, sent: list[str]) -> None:
    post(alice, sent, order=[*sent, *ALL])
    assert set(kinds(world)) <= {"data_work_owner"}
    assert len(kinds(world)) <= 1


def test_the_slower_of_two_admins_keeps_what_was_chosen_and_is_told(
    world: World, alice: AdminBrowser
) -> None:
    stale = alice.post("/default-approvers", kinds=list(ALL), order=list(ALL), version="77")
    assert stale.status_code == 409
    assert "Another admin saved these settings meanwhile" in stale.text
    assert kinds(world) == ["data_work_owner"]
