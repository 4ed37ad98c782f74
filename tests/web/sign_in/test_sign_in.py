"""Signing in with DingTalk or a password, and signing out for good."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.extensions import db
from portal.services.audit import PORTAL
from tests.portal_world import World, csrf_token
from tests.services.story import person_named

PASSWORD = "correct horse battery"


def leave_for_dingtalk(client: FlaskClient, wanted: str = "") -> str:
    """Press the button and return the state that DingTalk is given."""
    answer = client.get("/sign-in/dingtalk", query_string={"next": wanted})
    assert answer.status_code == 302
    return parse_qs(urlsplit(answer.headers["Location"]).query)["state"][0]


def code_of(world: World, person: str) -> str:
    return str(world.control("POST", "/sign-in", {"person": person})["authCode"])


def come_back(client: FlaskClient, **query: str) -> TestResponse:
    return client.get("/sign-in/dingtalk/return", query_string=query)


def refused(client: FlaskClient, answer: TestResponse) -> str:
    """Return what the sign-in page says after a refusal."""
    assert answer.headers["Location"] == "/sign-in"
    assert client.get("/requests").status_code == 303
    return client.get("/sign-in").text


def with_password(client: FlaskClient, **changes: str) -> TestResponse:
    filled = {"username": "root", "password": PASSWORD, "next": "", **changes}
    return client.post(
        "/sign-in/local", data={**filled, "csrf_token": csrf_token(client.get("/sign-in").text)}
    )


def test_dingtalk_signs_people_in_and_back_to_where_they_were(portal: World) -> None:
    client = portal.client()
    state = leave_for_dingtalk(client, "/requests/new?level=view")
    answer = come_back(client, authCode=code_of(portal, "bob"), state=state)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/requests/new?level=view")
    assert "Bob Li" in client.get("/requests").text


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_nobody_is_sent_to_another_site_after_signing_in(portal: World, wanted: str) -> None:
    client = portal.client()
    state = leave_for_dingtalk(client, wanted)
    assert come_back(client, authCode=code_of(portal, "bob"), state=state).headers["Location"] == "/"


def test_a_sign_in_that_somebody_else_began_is_refused(portal: World) -> None:
    attacker, victim = portal.client(), portal.client()
    state, code = leave_for_dingtalk(attacker), code_of(portal, "dora")
    assert "started in another window" in refused(victim, come_back(victim, authCode=code, state=state))


def test_a_state_is_worth_one_attempt(portal: World) -> None:
    client = portal.client()
    state = leave_for_dingtalk(client)
    come_back(client, state=state)
    answer = come_back(client, authCode=code_of(portal, "bob"), state=state)
    assert "started in another window" in refused(client, answer)


@pytest.mark.parametrize(
    ("person", "words"),
    [
        ("olga", "another organisation"),
        ("victor", "external contacts"),
    ],
)
def test_people_of_elsewhere_are_told_why_not(portal: World, person: str, words: str) -> None:
    client = portal.client()
    state = leave_for_dingtalk(client)
    assert words in refused(client, come_back(client, authCode=code_of(portal, person), state=state))


def test_somebody_who_has_left_is_not_signed_in(portal: World) -> None:
    client = portal.client()
    state, code = leave_for_dingtalk(client), code_of(portal, "jack")
    portal.control("PATCH", "/people/jack", {"active": False})
    assert "notice-danger" in refused(client, come_back(client, authCode=code, state=state))


def test_somebody_who_leaves_is_signed_out(portal: World) -> None:
    kate = portal.client("kate")
    with portal.app.app_context():
        person_named("kate").is_active = False
        db.session.commit()
    assert kate.get("/requests").headers["Location"].startswith("/sign-in")


def test_a_made_up_code_signs_nobody_in(portal: World) -> None:
    client = portal.client()
    state = leave_for_dingtalk(client)
    assert "notice-danger" in refused(client, come_back(client, authCode="made-up", state=state))


def test_signing_out_ends_the_session_on_the_server(portal: World) -> None:
    client = portal.client("bob")
    stolen = client.get_cookie("portal_session")
    assert stolen
    answer = client.post("/sign-in/out", data={"csrf_token": csrf_token(client.get("/requests").text)})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")
    assert "You are signed out." in client.get("/sign-in").text
    thief = portal.client()
    thief.set_cookie("portal_session", stolen.value)
    assert thief.get("/requests").status_code == 303


def test_signing_out_needs_the_token_of_the_page(portal: World) -> None:
    client = portal.client("bob")
    assert client.post("/sign-in/out").status_code == 400
    assert client.get("/requests").status_code == 200


def test_a_local_admin_signs_in_with_a_password_and_is_told_what_they_cannot_do(portal: World) -> None:
    with portal.app.app_context():
        portal.services.sign_ins.add_local_admin("root", PASSWORD, actor=PORTAL)
    client = portal.client()
    assert with_password(client).status_code == 303
    assert client.get("/").headers["Location"] == "/settings/approval"
    assert client.get("/requests/new").status_code == 200


def test_a_wrong_password_tells_nothing_and_is_not_shown_again(portal: World) -> None:
    client = portal.client()
    known = with_password(client, password="wrong password")
    unknown = with_password(client, username="nobody", password="wrong password")
    for answer in (known, unknown):
        assert answer.status_code == 422
        assert "User name or password is wrong." in answer.text
        assert "wrong password" not in answer.text.replace("password is wrong", "")
    assert 'value="root"' in known.text


def test_five_wrong_passwords_lock_the_account_for_a_while(portal: World) -> None:
    with portal.app.app_context():
        portal.services.sign_ins.add_local_admin("locked", PASSWORD, actor=PORTAL)
    client = portal.client()
    for _ in range(5):
        with_password(client, username="locked", password="wrong password")
    answer = with_password(client, username="locked")
    assert answer.status_code == 429
    assert "Wait 15 minutes" in answer.text
