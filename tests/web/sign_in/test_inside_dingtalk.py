"""What the server makes of a sign-in from inside DingTalk's client."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.portal_world import APP_KEY, CORP_ID, World, csrf_token
from tests.services.story import audited

CLIENT = {"User-Agent": "Mozilla/5.0 (iPhone) AliApp(DingTalk/7.6.0) com.laiwang.DingTalk/1"}
JSAPI = "dingtalk-jsapi.min.js"


def code_of(world: World, person: str) -> str:
    return str(world.control("POST", "/sign-in", {"person": person})["authCode"])


def come_in(client: FlaskClient, code: str, **filled: str) -> TestResponse:
    token = csrf_token(client.get("/sign-in", headers=CLIENT).text)
    return client.post(
        "/sign-in/dingtalk/in-app", data={"csrf_token": token, "code": code, **filled}, headers=CLIENT
    )


def refused(client: FlaskClient, answer: TestResponse) -> str:
    """Return what the sign-in page says, which does not try again by itself."""
    assert answer.headers["Location"].startswith("/sign-in?")
    page = client.get(answer.headers["Location"], headers=CLIENT).text
    assert "data-by-itself" not in page
    assert client.get("/requests").status_code == 303
    return page


def test_a_code_signs_its_person_in_and_back_to_where_they_were(portal: World) -> None:
    client = portal.client()
    answer = come_in(client, code_of(portal, "bob"), next="/requests/new?level=view")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/requests/new?level=view")
    assert "Bob Li" in client.get("/requests").text
    assert portal.look(lambda: audited("signed_in")[-1].after) == {"with": "dingtalk_client"}


def test_only_dingtalks_client_is_given_its_script(portal: World) -> None:
    inside = portal.client().get("/sign-in", headers=CLIENT).text
    outside = portal.client().get("/sign-in").text
    assert JSAPI in inside
    assert f'data-corp-id="{CORP_ID}" data-client-id="{APP_KEY}"' in inside
    assert JSAPI not in outside
    assert CORP_ID not in outside


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_nobody_is_sent_to_another_site(portal: World, wanted: str) -> None:
    assert come_in(portal.client(), code_of(portal, "bob"), next=wanted).headers["Location"] == "/"


def test_a_code_is_worth_one_sign_in(portal: World) -> None:
    code = code_of(portal, "bob")
    come_in(portal.client(), code)
    thief = portal.client()
    assert "The sign-in has expired" in refused(thief, come_in(thief, code))


@pytest.mark.parametrize("code", ["made-up", ""])
def test_without_a_code_of_dingtalks_nobody_is_signed_in(portal: World, code: str) -> None:
    client = portal.client()
    assert "notice-danger" in refused(client, come_in(client, code))


@pytest.mark.parametrize(
    ("person", "words"), [("olga", "another organisation"), ("victor", "external contacts")]
)
def test_people_of_elsewhere_are_told_why_not(portal: World, person: str, words: str) -> None:
    client = portal.client()
    assert words in refused(client, come_in(client, code_of(portal, person), next="/requests"))


def test_a_foreign_page_cannot_sign_its_reader_in_as_somebody_else(portal: World) -> None:
    victim = portal.client()
    victim.get("/sign-in", headers=CLIENT)
    token_of_another = csrf_token(portal.client().get("/sign-in", headers=CLIENT).text)
    for token in ("", token_of_another):
        answer = victim.post(
            "/sign-in/dingtalk/in-app",
            data={"code": code_of(portal, "dora"), "csrf_token": token},
            headers=CLIENT,
        )
        assert answer.status_code == 400
    assert victim.get("/requests").status_code == 303
