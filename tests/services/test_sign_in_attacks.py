"""Who tries to get in another way: planted cookies, stolen codes, guessed passwords, strangers."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.extensions import db
from portal.models import LocalCredential, Person, SignInSession
from portal.services.audit import PORTAL
from portal.services.sign_in import ATTEMPTS_BEFORE_LOCK, LOCK_LASTS, SESSION_LASTS
from tests.portal_world import World, csrf_token

PASSWORD = "correct horse battery"


def leave_for_dingtalk(client: FlaskClient, *, wanted: str = "/") -> str:
    """Go to DingTalk's page and return the state it is to bring back."""
    leave = client.get("/sign-in/dingtalk", query_string={"next": wanted})
    return parse_qs(urlsplit(leave.headers["Location"]).query)["state"][0]


def come_back(client: FlaskClient, code: str, state: str) -> TestResponse:
    return client.get("/sign-in/dingtalk/return", query_string={"authCode": code, "state": state})


def code_for(world: World, person: str) -> str:
    return str(world.control("POST", "/sign-in", {"person": person})["authCode"])


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/requests").status_code == 200


def cookie(client: FlaskClient) -> str:
    found = client.get_cookie("portal_session")
    return found.value if found else ""


def test_a_code_counts_once(world: World) -> None:
    first, second = world.app.test_client(), world.app.test_client()
    code = code_for(world, "bob")
    come_back(first, code, leave_for_dingtalk(first))
    come_back(second, code, leave_for_dingtalk(second))
    assert (is_signed_in(first), is_signed_in(second)) == (True, False)


def test_coming_back_without_a_code_is_told(world: World) -> None:
    client = world.app.test_client()
    state = leave_for_dingtalk(client)
    answer = client.get("/sign-in/dingtalk/return", query_string={"state": state})
    assert answer.status_code == 303
    assert not is_signed_in(client)


def test_the_cookie_changes_at_sign_in_and_a_planted_one_is_worth_nothing(world: World) -> None:
    client, attacker = world.app.test_client(), world.app.test_client()
    state = leave_for_dingtalk(client)
    planted = cookie(client)
    come_back(client, code_for(world, "bob"), state)

    assert is_signed_in(client)
    assert cookie(client) != planted
    attacker.set_cookie("portal_session", planted)
    assert not is_signed_in(attacker)


def test_signing_out_kills_the_token_on_the_server(world: World) -> None:
    client, thief = world.client("bob"), world.app.test_client()
    stolen = cookie(client)
    thief.set_cookie("portal_session", stolen)
    assert is_signed_in(thief)

    token = csrf_token(client.get("/requests").text)
    client.post("/sign-in/out", data={"csrf_token": token})
    thief.set_cookie("portal_session", stolen)
    assert (is_signed_in(client), is_signed_in(thief)) == (False, False)


def test_a_session_ends_by_itself_and_with_the_person(world: World) -> None:
    bob, chen = world.client("bob"), world.client("chen")
    with world.app.app_context():
        db.session.query(Person).filter_by(user_id="chen").one().is_active = False
        db.session.commit()
    assert (is_signed_in(bob), is_signed_in(chen)) == (True, False)
    world.let_pass(seconds=SESSION_LASTS.total_seconds())
    assert not is_signed_in(bob)


def test_the_cookie_is_kept_from_scripts_and_other_sites(world: World) -> None:
    client = world.app.test_client()
    header = client.get("/sign-in/dingtalk").headers["Set-Cookie"]
    assert "HttpOnly" in header
    assert "SameSite=Lax" in header
    assert "Secure" not in header  # plain http on loopback; see the next test


def test_over_https_the_cookie_is_secure(world: World) -> None:
    world.app.config["SESSION_COOKIE_SECURE"], before = True, world.app.config["SESSION_COOKIE_SECURE"]
    try:
        header = world.app.test_client().get("/sign-in/dingtalk").headers["Set-Cookie"]
    finally:
        world.app.config["SESSION_COOKIE_SECURE"] = before
    assert "Secure" in header


def test_only_the_hash_of_a_token_is_stored(world: World) -> None:
    client = world.client("bob")
    with client.session_transaction() as session:
        token = session["sign_in_token"]
    with world.app.app_context():
        row = db.session.query(SignInSession).one()
        assert token not in str(vars(row))
        assert len(row.token_hash) == 64


def add_local_admin(world: World, password: str = PASSWORD) -> None:
    with world.app.app_context():
        world.services.sign_ins.add_local_admin("root", password, actor=PORTAL)


def try_password(client: FlaskClient, password: str, username: str = "root") -> int:
    token = csrf_token(client.get("/sign-in").text)
    form = {"csrf_token": token, "username": username, "password": password}
    return client.post("/sign-in/local", data=form).status_code


def test_a_local_admin_signs_in_with_a_password_kept_as_argon2id(world: World) -> None:
    add_local_admin(world)
    client = world.app.test_client()
    assert try_password(client, PASSWORD) == 303
    assert is_signed_in(client)
    with world.app.app_context():
        stored = db.session.query(LocalCredential).one().password_hash
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_local_admin_is_locked_out_after_five_wrong_passwords(world: World) -> None:
    add_local_admin(world)
    client = world.app.test_client()
    assert [try_password(client, "wrong") for _ in range(ATTEMPTS_BEFORE_LOCK)] == [
        422
    ] * ATTEMPTS_BEFORE_LOCK
    assert try_password(client, PASSWORD) == 429
    assert not is_signed_in(client)

    world.let_pass(seconds=LOCK_LASTS.total_seconds() + 1)
    assert try_password(client, PASSWORD) == 303


def test_an_unknown_name_reads_like_a_wrong_password(world: World) -> None:
    add_local_admin(world)
    assert try_password(world.app.test_client(), "wrong", username="nobody") == 422


def test_a_new_password_ends_the_sessions_of_the_old_one(world: World) -> None:
    add_local_admin(world)
    client = world.app.test_client()
    try_password(client, PASSWORD)
    add_local_admin(world, "another long password")
    assert not is_signed_in(client)
    assert try_password(client, PASSWORD) == 422
    assert try_password(client, "another long password") == 303


def test_a_password_needs_the_token_of_the_page(world: World) -> None:
    add_local_admin(world)
    client = world.app.test_client()
    form = {"username": "root", "password": PASSWORD}
    assert client.post("/sign-in/local", data=form).status_code == 400
    assert not is_signed_in(client)
