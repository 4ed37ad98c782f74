"""Asking for access: the catalogue, the form, and what becomes of what was typed."""

from __future__ import annotations

from tests.portal_world import World
from tests.web.access_requests.asking import ask, open_form, send


def test_a_request_is_stored_and_leads_to_its_status_page(ready: World) -> None:
    bob = ready.client("bob")
    page = open_form(bob)
    assert "Chen Wei" in page
    assert "Owns this resource." in page
    number = ask(bob, page=page)
    status = bob.get(f"/requests/{number}")
    assert status.status_code == 200
    assert "Submitted" in status.text
    assert number in bob.get("/requests").text


def test_a_problem_keeps_what_was_typed(ready: World) -> None:
    bob = ready.client("bob")
    answer = send(bob, reason="", level="edit")
    assert answer.status_code == 422
    print(answer.text)
