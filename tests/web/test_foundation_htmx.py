"""Page or partial, announcements and redirects, from the headers a browser sends."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.web.htmx import no_content, redirect_or_refresh
from tests.web.gallery import create_gallery

HTMX = {"HX-Request": "true"}


@pytest.fixture
def app() -> Flask:
    app = create_gallery()
    app.config["WTF_CSRF_ENABLED"] = False
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def test_a_plain_visit_gets_the_page_and_htmx_the_partial(client: FlaskClient) -> None:
    assert "<html" in client.get("/template").text
    partial = client.get("/template", headers=HTMX).text.strip()
    assert partial.startswith('<div id="template"')


@pytest.mark.parametrize("header", ["HX-History-Restore-Request", "HX-Boosted"])
def test_restored_and_boosted_visits_get_the_whole_page(client: FlaskClient, header: str) -> None:
    assert "<html" in client.get("/template", headers={**HTMX, header: "true"}).text


def test_caches_are_told_that_htmx_is_answered_differently(client: FlaskClient) -> None:
    for headers in ({}, HTMX):
        assert "HX-Request" in client.get("/template", headers=headers).headers["Vary"]


def test_an_invalid_form_is_422_for_both(client: FlaskClient) -> None:
    assert client.post("/request").status_code == 422
    answer = client.post("/request", headers=HTMX)
    assert answer.status_code == 422
    assert "<html" not in answer.text


def test_success_announces_itself(client: FlaskClient) -> None:
    answer = client.post("/template", data={"name": "x"}, headers=HTMX)
    assert answer.headers["HX-Trigger"] == '{"template-associated": true}'


def test_a_plain_post_is_redirected_with_303(client: FlaskClient) -> None:
    answer = client.post("/request", data={"dashboard": "a", "level": "view", "days": "30"})
    assert answer.status_code == 303
    assert answer.location == "/"


def test_htmx_is_sent_on_without_a_redirect_it_would_swallow(client: FlaskClient) -> None:
    answer = client.post("/request", data={"dashboard": "a", "level": "view", "days": "30"}, headers=HTMX)
    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"] == "/"


def test_htmx_already_on_that_address_refreshes(app: Flask) -> None:
    shown = {**HTMX, "HX-Current-URL": "http://localhost/settings/approval?tab=a#test"}
    with app.test_request_context(headers=shown):
        assert redirect_or_refresh("/settings/approval?tab=a").headers["HX-Refresh"] == "true"
        assert "HX-Refresh" not in redirect_or_refresh("/settings/approval?tab=b").headers
        assert "HX-Refresh" not in redirect_or_refresh("http://other.example/settings/approval?tab=a").headers


def test_a_chinese_address_is_quoted_so_that_the_server_can_send_it(app: Flask) -> None:
    with app.test_request_context(headers=HTMX):
        answer = redirect_or_refresh("/requests?q=季度")
    assert answer.headers["HX-Redirect"] == "/requests?q=%E5%AD%A3%E5%BA%A6"


def test_nothing_to_swap_still_announces(app: Flask) -> None:
    with app.test_request_context(headers=HTMX):
        answer = no_content(triggers=["a", "b"])
    assert (answer.status_code, answer.headers["HX-Trigger"]) == (204, '{"a": true, "b": true}')
