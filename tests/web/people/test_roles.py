"""Roles are given and taken by admins, count at once, and never leave the portal without an admin."""

from __future__ import annotations

import pytest

from portal.models.person import Role
from portal.services.audit import PORTAL
from portal.services.decisions.decisions import Verdict
from portal.services.permissions import OnlyReads
from tests.portal_world import World
from tests.services.story import actor_named, ask, person_named
from tests.web.approval_settings.admin_browser import words
from tests.web.people.browsing import audited, id_of, roles_of, visit

ADMIN = "organization_admin"


def test_a_role_counts_from_the_next_click_on_and_is_audited(world: World) -> None:
    alice, bob = visit(world, "alice"), visit(world, "bob")
    assert bob.get("/people").status_code == 403
    address = f"/people/{id_of(world, 'bob')}"
    assert alice.post(f"{address}/roles", role="auditor").status_code == 303
    assert "given by Alice Zhang" in words(alice.get(address).text)
    assert bob.get("/people").status_code == 200
    assert alice.post(f"{address}/roles/removal", role="auditor").status_code == 303
    assert bob.get("/people").status_code == 403
    assert [actor for actor, _told in audited(world, "role.given")][-1] == "Alice Zhang 张爱丽"
    assert audited(world, "role.taken") == [
        ("Alice Zhang 张爱丽", {"role": "auditor", "name": "Bob Li 李博"})
    ]


def test_who_has_no_role_is_told_which_one_is_needed_and_who_gives_it(world: World) -> None:
    refused = visit(world, "bob").get("/people")
    assert refused.status_code == 403
    said = words(refused.text)
    assert "Organization admin, Permission administrator, Enterprise security administrator, Auditor" in said
    assert "ask an organization admin" in said


@pytest.mark.parametrize("who", ["bob", "chen"])
def test_nobody_gives_themselves_a_role(world: World, who: str) -> None:
    world.client("alice")
    somebody = visit(world, who)
    for role in (ADMIN, "auditor", "permission_administrator"):
        assert somebody.post(f"/people/{id_of(world, who)}/roles", role=role).status_code == 403
        assert somebody.post(f"/people/{id_of(world, 'alice')}/roles/removal", role=ADMIN).status_code == 403
    assert roles_of(world, who) == set()
    assert roles_of(world, "alice") == {ADMIN}


@pytest.mark.parametrize("role", ["permission_administrator", "auditor"])
def test_lesser_roles_read_the_page_and_give_nothing(world: World, role: str) -> None:
    alice, bob = visit(world, "alice"), visit(world, "bob")
    own = f"/people/{id_of(world, 'bob')}"
    alice.post(f"{own}/roles", role=role)
    page = bob.get(own)
    assert page.status_code == 200
    assert "Give a role" not in page.text
    assert bob.post(f"{own}/roles", role=ADMIN).status_code == 403
    assert roles_of(world, "bob") == {role}


def test_the_last_admin_stays_until_there_is_another(world: World) -> None:
    alice = visit(world, "alice")
    own = f"/people/{id_of(world, 'alice')}"
    refused = alice.post(f"{own}/roles/removal", role=ADMIN)
    assert refused.status_code == 409
    assert "Somebody has to stay organization admin" in refused.text
    visit(world, "bob")
    alice.post(f"/people/{id_of(world, 'bob')}/roles", role=ADMIN)
    assert alice.post(f"{own}/roles/removal", role=ADMIN).headers["Location"] == "/people/me"
    assert roles_of(world, "alice") == set()
    assert alice.get("/people").status_code == 403


def test_an_admin_who_left_is_no_admin_left(world: World) -> None:
    alice = visit(world, "alice")
    visit(world, "iris")
    alice.post(f"/people/{id_of(world, 'iris')}/roles", role=ADMIN)
    world.control("PATCH", "/people/iris", {"active": False})
    world.let_pass(days=2)
    alice = visit(world, "alice")
    with world.app.app_context():
        world.services.people.refresh(id_of(world, "iris"))
    refused = alice.post(f"/people/{id_of(world, 'alice')}/roles/removal", role=ADMIN)
    assert refused.status_code == 409
    assert roles_of(world, "alice") == {ADMIN}


def test_somebody_of_the_directory_can_get_a_role_before_they_sign_in(world: World) -> None:
    alice = visit(world, "alice")
    assert 'value="dora"' in alice.get("/people?q=dora").text
    opened = alice.post("/people", person="dora")
    page = alice.get(opened.headers["Location"])
    assert "Dora Wu" in page.text
    alice.post(f"{opened.headers['Location']}/roles", role="permission_administrator")
    assert roles_of(world, "dora") == {"permission_administrator"}
    assert "Dora Wu" in alice.get("/people").text


def test_roles_and_people_that_are_none_are_refused(world: World) -> None:
    alice = visit(world, "alice")
    for typed in ({"role": "king"}, {"role": ""}, {}):
        assert alice.post(f"/people/{id_of(world, 'alice')}/roles", **typed).status_code == 400
    assert alice.get("/people/999999").status_code == 404
    assert alice.post("/people/999999/roles", role="auditor").status_code == 404


def test_a_local_person_gets_a_password_that_is_shown_once(world: World) -> None:
    alice = visit(world, "alice")
    shown = alice.post("/people/local", username="lena", name="Lena Local")
    assert shown.status_code == 200
    assert "The password is shown only now" in shown.text
    assert alice.post("/people/local", username="lena", name="Again").status_code == 422
    assert "Lena Local" in alice.get("/people?name=lena").text
    assert "shown only now" not in alice.get("/people?name=lena").text


def test_a_search_takes_any_text_as_text(world: World) -> None:
    alice = visit(world, "alice")
    for name in ("%", "_", "\\", "'", "\x00", "x" * 500, "<script>alert(1)</script>"):
        answer = alice.client.get("/people", query_string={"name": name})
        assert answer.status_code == 200, name
        assert "<script>alert" not in answer.text


def test_an_auditor_asks_for_nothing_and_decides_nothing_by_any_way(world: World) -> None:
    world.client("bob")
    with world.app.app_context():
        bob = id_of(world, "bob")
        world.services.roles.give(PORTAL, None, person_id=bob, role=Role.AUDITOR)
    with pytest.raises(OnlyReads):
        ask(world)
    with world.app.app_context():
        auditor, actor = person_named("bob"), actor_named("bob")
        with pytest.raises(OnlyReads):
            world.services.decisions.decide(actor, auditor, 1, verdict=Verdict.APPROVE)
