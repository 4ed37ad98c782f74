"""A local admin can bind the app, and is told plainly what needs a DingTalk person."""

from __future__ import annotations

import pytest

from portal.services.audit import PORTAL
from tests.portal_world import World, csrf_token
from tests.web.approval_settings.admin_browser import PAGE, AdminBrowser, words

NEEDS_A_MEMBER = "This needs an admin who is a member in DingTalk"


@pytest.fixture
def root(world: World) -> AdminBrowser:
    password = "a long enough password"
    world.look(lambda: world.services.sign_ins.add_local_admin("root", password, actor=PORTAL))
    client = world.client()
    token = csrf_token(client.get("/sign-in").text)
    form = {"csrf_token": token, "username": "root", "password": password}
    assert client.post("/sign-in/local", data=form).status_code == 303
    return AdminBrowser(client)


def test_generation_says_why_it_cannot_be_done(root: AdminBrowser) -> None:
    answer = root.generate(has_script=True)
    assert answer.status_code == 409
    assert NEEDS_A_MEMBER in words(answer.text)
    assert "portal people grant-admin" in words(answer.text)


def test_custom_templates_say_why_they_cannot_be_listed(root: AdminBrowser) -> None:
    answer = root.get(f"{PAGE}/template?source=custom")
    assert answer.status_code == 409
    assert NEEDS_A_MEMBER in words(answer.text)


def test_the_test_says_why_before_anybody_is_chosen(world: World, root: AdminBrowser) -> None:
    assert "No approval template is associated" in words(root.get(f"{PAGE}/trials/new").text)
    AdminBrowser(world.client("alice")).associate_official()
    assert NEEDS_A_MEMBER in words(root.get(f"{PAGE}/trials/new").text)
    answer = root.post("/trials", approver="chen")
    assert answer.status_code == 409


def test_switches_and_the_connection_check_work(root: AdminBrowser) -> None:
    assert root.post("/switches", is_enabled="y", version="1").status_code == 303
    assert "accepted" in words(root.post("/connection/checks", has_script=True).text)


def test_an_admin_without_a_department_is_told(world: World) -> None:
    alice = AdminBrowser(world.client("alice"))
    world.control("PATCH", "/people/alice", {"department_ids": []})
    alice = AdminBrowser(world.client("alice"))
    answer = alice.generate(has_script=True)
    assert answer.status_code == 409
    assert "You have no department in DingTalk" in words(answer.text)
