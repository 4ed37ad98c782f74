"""Errors as people and programs see them: words, status, reference, and never an inside of ours."""

import logging

import pytest
from flask.testing import FlaskClient

from portal.web.errors import PROBLEMS
from tests.web.gallery import create_gallery

HTMX = {"HX-Request": "true"}
KNOWN = sorted(PROBLEMS)


@pytest.fixture
def client() -> FlaskClient:
    return create_gallery().test_client()


@pytest.mark.parametrize("status", KNOWN)
def test_every_error_page_says_what_happened_why_and_what_to_do(client: FlaskClient, status: int) -> None:
    answer = client.get(f"/status/{status}")
    assert answer.status_code == status
    problem = PROBLEMS[status]
    for words in (problem.title, problem.reason, problem.next_step):
        assert str(words) in answer.text
    assert "<html" in answer.text


@pytest.mark.parametrize("status", KNOWN)
def test_htmx_gets_the_same_words_in_the_problems_region(client: FlaskClient, status: int) -> None:
    answer = client.get(f"/status/{status}", headers=HTMX)
    assert answer.status_code == status
    assert answer.headers["HX-Retarget"] == "#problems"
    assert answer.headers["HX-Reswap"] == "innerHTML"
    assert "HX-Request" in answer.headers["Vary"]
    assert "<html" not in answer.text
    assert str(PROBLEMS[status].title) in answer.text


def test_an_error_without_words_of_its_own_borrows_those_of_its_kind(client: FlaskClient) -> None:
    assert str(PROBLEMS[400].title) in client.get("/status/418").text
    assert str(PROBLEMS[500].title) in client.get("/status/502").text


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_an_unexpected_exception_shows_a_reference_and_nothing_of_its_inside(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, headers: dict[str, str]
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = client.get("/boom", headers=headers)
    assert answer.status_code == 500
    for inside in ("hunter2", "Traceback", "RuntimeError"):
        assert inside not in answer.text
    reference = answer.text.split("<code>")[1].split("</code>")[0]
    assert any(reference in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("status", [404, 500, 503])
def test_error_pages_appear_while_the_database_is_down(client: FlaskClient, status: int) -> None:
    answer = client.get(f"/status/{status}?database=down")
    assert answer.status_code == status
    assert str(PROBLEMS[status].title) in answer.text
    assert "hunter2" not in answer.text


def test_a_page_that_fails_because_the_database_is_down_is_a_500_page(client: FlaskClient) -> None:
    answer = client.get("/?database=down")
    assert answer.status_code == 500
    assert "hunter2" not in answer.text


def test_an_expired_form_says_that_nothing_was_changed(client: FlaskClient) -> None:
    answer = client.post("/request", data={"csrf_token": "stale"})
    assert answer.status_code == 400
    assert "This page was open for too long" in answer.text


def test_a_body_over_the_limit_is_413(client: FlaskClient) -> None:
    answer = client.post("/request", data={"reason": "x" * 10_000})
    assert answer.status_code == 413


def test_a_wrong_method_is_405_and_names_the_right_ones(client: FlaskClient) -> None:
    answer = client.get("/preferences/theme")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_machines_get_json_without_our_inside(client: FlaskClient) -> None:
    answer = client.get("/callbacks/boom")
    assert answer.status_code == 500
    assert answer.is_json
    assert set(answer.json) == {"error", "reference"}
    assert "hunter2" not in answer.text
    assert client.get("/health/nothing").json == {"error": "Page not found"}


def test_a_missing_trailing_part_of_an_address_is_echoed_nowhere(client: FlaskClient) -> None:
    answer = client.get("/<script>alert(1)</script>")
    assert answer.status_code == 404
    assert "<script>alert" not in answer.text
