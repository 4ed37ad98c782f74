"""Language and theme: who decides, what is remembered, and where the switches may send a person."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.web.languages import own_path, select_locale
from tests.web.gallery import create_gallery


@pytest.fixture
def app() -> Flask:
    app = create_gallery()
    app.config["WTF_CSRF_ENABLED"] = False
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("zh-Hans-CN", "zh"),
        ("zh-Hans", "zh"),
        ("zh-TW", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.1", "en"),
        ("fr-FR,zh;q=0.5", "zh"),
        ("fr", "en"),
        ("", "en"),
        (";;;q=x,,", "en"),
    ],
)
def test_the_browser_language_is_matched(app: Flask, accepted: str, expected: str) -> None:
    with app.test_request_context(headers={"Accept-Language": accepted}):
        assert select_locale() == expected


def test_the_cookie_wins_over_the_browser_and_a_forged_one_is_ignored(app: Flask) -> None:
    for cookie, expected in (("zh", "zh"), ("en", "en"), ("../etc", "en"), ("ZH", "en")):
        with app.test_request_context(
            headers={"Cookie": f"portal_language={cookie}", "Accept-Language": "en"}
        ):
            assert select_locale() == expected


def test_choosing_a_language_is_remembered_and_leads_back(client: FlaskClient) -> None:
    answer = client.post("/preferences/language", data={"language": "zh", "next": "/request?level=view"})
    assert (answer.status_code, answer.location) == (303, "/request?level=view")
    cookie = answer.headers["Set-Cookie"]
    assert "portal_language=zh" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert '<html lang="zh-Hans"' in client.get("/request").text


def test_a_script_is_told_that_the_theme_is_kept(client: FlaskClient) -> None:
    answer = client.post("/preferences/theme", data={"theme": "dark"}, headers={"HX-Request": "true"})
    assert answer.status_code == 204
    assert 'data-bs-theme="dark"' in client.get("/").text


def test_cookies_are_secure_over_https(client: FlaskClient) -> None:
    answer = client.post("/preferences/theme", data={"theme": "dark"}, base_url="https://localhost")
    assert "Secure" in answer.headers["Set-Cookie"]


def test_unknown_choices_are_refused(client: FlaskClient) -> None:
    assert client.post("/preferences/language", data={"language": "xx"}).status_code == 400
    assert client.post("/preferences/theme", data={"theme": "<script>"}).status_code == 400
    assert client.post("/preferences/theme").status_code == 400


def test_the_switches_need_a_csrf_token() -> None:
    client = create_gallery().test_client()
    assert client.post("/preferences/language", data={"language": "zh"}).status_code == 400


@pytest.mark.parametrize(
    "address",
    [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "evil.example",
        "",
        "/a\r\nSet-Cookie: x=y",
    ],
)
def test_nobody_is_sent_to_another_site(client: FlaskClient, address: str) -> None:
    assert own_path(address) == "/"
    answer = client.post("/preferences/language", data={"language": "zh", "next": address})
    assert answer.location == "/"


def test_an_address_that_only_takes_a_post_leads_to_the_first_page(client: FlaskClient) -> None:
    answer = client.post("/preferences/language", data={"language": "zh", "next": "/sign-out"})
    assert answer.location == "/"
