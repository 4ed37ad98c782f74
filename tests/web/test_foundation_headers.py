"""Security and caching headers on every kind of answer."""

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import Headers

from portal.web.headers import CONTENT_SECURITY_POLICY, init_headers
from tests.web.gallery import create_gallery


@pytest.fixture
def client() -> FlaskClient:
    return create_gallery().test_client()


def headers_of(client: FlaskClient, address: str) -> Headers:
    with client.get(address) as answer:  # closed at once: static files are streamed
        return answer.headers


def stylesheet_address(client: FlaskClient) -> str:
    found = re.search(r'href="([^"]*portal\.css[^"]*)"', client.get("/sign-in").text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    "address", ["/", "/status/404", "/boom", "/static/portal.css", "/moved", "/callbacks/boom"]
)
def test_every_answer_carries_the_security_headers(client: FlaskClient, address: str) -> None:
    headers = headers_of(client, address)
    assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "Permissions-Policy" in headers


def test_the_policy_allows_nothing_inline_and_no_framing() -> None:
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "default-src 'none'" in CONTENT_SECURITY_POLICY
    assert "frame-ancestors 'none'" in CONTENT_SECURITY_POLICY


def test_strict_transport_security_is_sent_over_https_only(client: FlaskClient) -> None:
    assert "Strict-Transport-Security" not in client.get("/").headers
    assert "Strict-Transport-Security" in client.get("/", base_url="https://localhost").headers


def test_pages_are_never_kept_by_caches(client: FlaskClient) -> None:
    for address in ("/", "/status/404", "/boom", "/static/nothing.css"):
        assert client.get(address).headers["Cache-Control"] == "no-store"


def test_a_static_file_is_kept_for_good_under_the_hash_of_its_content(client: FlaskClient) -> None:
    assert "immutable" in headers_of(client, stylesheet_address(client))["Cache-Control"]


@pytest.mark.parametrize("query", ["", "?v=", "?v=0123456789ab"])
def test_a_static_file_without_its_own_hash_is_checked_again_each_time(
    client: FlaskClient, query: str
) -> None:
    assert headers_of(client, f"/static/portal.css{query}")["Cache-Control"] == "no-cache"


def test_a_changed_static_file_gets_another_address(tmp_path: Path) -> None:
    app = create_gallery()
    app.static_folder = str(tmp_path)
    init_headers(app)
    file = tmp_path / "look.css"
    addresses = set()
    with app.test_request_context():
        for content in ("a{}", "b{}"):
            file.write_text(content, encoding="utf-8")
            addresses.add(app.jinja_env.globals["static_url"]("look.css"))
            file.touch()
    assert len(addresses) == 2


def test_a_static_file_cannot_be_reached_above_its_folder(client: FlaskClient) -> None:
    for address in (
        "/static/../pyproject.toml",
        "/static/%2e%2e/pyproject.toml",
        "/static/..%2fpyproject.toml",
    ):
        assert client.get(address).status_code == 404


def test_a_page_cannot_point_at_a_static_file_that_is_not_there() -> None:
    app = create_gallery()
    with app.test_request_context(), pytest.raises(FileNotFoundError):
        app.jinja_env.globals["static_url"]("missing.css")
