"""Local people change the password that they sign in with; nobody else is offered it."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.models.person import Role
from portal.services.audit import PORTAL
from portal.services.sign_in import ATTEMPTS_BEFORE_LOCK, LOCK_LASTS
from tests.portal_world import World, csrf_token
from tests.web.approval_settings.admin_browser import words
from tests.web.people.browsing import audited, visit

OLD, NEW = "the old long password", "the new long password"
PAGE = "/people/me/password"


@pytest.fixture
def lena(world: World) -> FlaskClient:
    return signed_in(world, add(world, "lena"))


def add(world: World, username: str, *roles: Role) -> str:
    people = world.services.local_people
    world.look(lambda: people.add(PORTAL, admin=None, username=username, roles=roles, password=OLD))
    return username


def sign_in(client: FlaskClient, username: str, password: str) -> int:
    form = {"csrf_token": csrf_token(client.get("/sign-in").text), "username": username, "password": password}
    return client.post("/sign-in/local", data=form).status_code


def signed_in(world: World, username: str, password: str = OLD) -> FlaskClient:
    client = world.client()
    assert sign_in(client, username, password) == 303
    return client


def change(client: FlaskClient, current: str = OLD, wanted: str = NEW, again: str = NEW) -> TestResponse:
    token = csrf_token(client.get(PAGE).text)
    typed = {"current_password": current, "password": wanted, "repeated": again}
    return client.post(PAGE, data={"csrf_token": token, **typed})


def test_a_new_password_counts_at_once_and_ends_what_the_old_one_opened_elsewhere(
    world: World, lena: FlaskClient
) -> None:
    elsewhere = signed_in(world, "lena")
    answer = change(lena)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/people/me")
    assert "Your password was changed" in words(lena.get("/people/me").text)
    assert elsewhere.get("/people/me").headers["Location"].startswith("/sign-in")
    assert sign_in(world.client(), "lena", OLD) == 422
    assert sign_in(world.client(), "lena", NEW) == 303
    assert audited(world, "local_person.password_changed") == [("lena", None)]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"current": "not the old password"}, "This is not your present password."),
        ({"wanted": "short", "again": "short"}, "The password needs at least 12 characters."),
        ({"wanted": "x" * 257, "again": "x" * 257}, "The password may have at most 256 characters."),
        ({"again": "another long password"}, "This is not the same as the new password above."),
        ({"current": "", "wanted": "", "again": ""}, "Enter your present password."),
    ],
)
def test_what_cannot_be_taken_is_told_beside_its_field_and_changes_nothing(
    world: World, lena: FlaskClient, typed: dict[str, str], told: str
) -> None:
    answer = change(lena, **typed)
    assert answer.status_code == 422
    assert told in words(answer.text)
    assert OLD not in answer.text
    assert NEW not in answer.text
    assert sign_in(world.client(), "lena", OLD) == 303
    assert audited(world, "local_person.password_changed") == []


def test_guesses_at_the_present_password_lock_it_like_those_at_sign_in(
    world: World, lena: FlaskClient
) -> None:
    guesses = [change(lena, current="a wrong password").status_code for _ in range(ATTEMPTS_BEFORE_LOCK)]
    assert guesses == [422] * ATTEMPTS_BEFORE_LOCK
    refused = change(lena)
    assert refused.status_code == 429
    assert "Wait 15 minutes" in words(refused.text)
    assert sign_in(world.client(), "lena", OLD) == 429
    world.let_pass(seconds=LOCK_LASTS.total_seconds() + 1)
    assert change(lena).status_code == 303


def test_the_rule_is_said_before_anything_is_typed(lena: FlaskClient) -> None:
    assert "At least 12 characters." in words(lena.get(PAGE).text)


def test_only_people_with_a_password_of_the_portals_own_are_led_to_it(
    world: World, lena: FlaskClient
) -> None:
    assert f'href="{PAGE}"' in lena.get("/requests").text
    bob = visit(world, "bob")
    assert PAGE not in bob.get("/requests").text
    assert PAGE not in bob.get("/people/me").text
    assert bob.get(PAGE).status_code == 404


def test_an_auditor_who_changes_nothing_else_changes_their_own_password(world: World) -> None:
    auditor = signed_in(world, add(world, "otto", Role.AUDITOR))
    assert change(auditor).status_code == 303
    assert sign_in(world.client(), "otto", NEW) == 303
