"""The fallback approver is found by name and saved by user id."""

from __future__ import annotations

import pytest

from tests.portal_world import World
from tests.web.approval_settings.admin_browser import PAGE, AdminBrowser, words

FALLBACK = "/fallback-approver"


def chosen(world: World) -> str | None:
    def user_id() -> str | None:
        person = world.services.approval_settings.current().fallback_approver
        return person.user_id if person else None

    return world.look(user_id)


def test_a_search_without_javascript_draws_the_page_with_radio_buttons(alice: AdminBrowser) -> None:
    page = alice.get(f"{PAGE}{FALLBACK}?q=iris").text
    assert 'type="radio" name="fallback_approver" id="fallback_approver-iris" value="iris"' in page
    assert 'id="switches"' in page


def test_a_search_with_htmx_answers_the_radio_buttons_only(alice: AdminBrowser) -> None:
    answer = alice.get("/people/found?field=fallback_approver&q=iris", has_script=True)
    assert answer.text.lstrip().startswith('<div id="found-people-fallback_approver"')
    assert 'value="iris"' in answer.text


@pytest.mark.parametrize("query", ["zzz", "<script>alert(1)</script>", "%", "'\"", "x" * 5000])
def test_a_search_that_finds_nobody_says_so(alice: AdminBrowser, query: str) -> None:
    answer = alice.client.get(
        "/people/found", query_string={"field": "approver", "q": query}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 200
    assert "Nobody active is called" in words(answer.text)
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize("field", ["", "a b", '"><script>', "X"])
def test_a_picker_of_an_impossible_name_does_not_exist(alice: AdminBrowser, field: str) -> None:
    answer = alice.client.get("/people/found", query_string={"field": field, "q": "iris"})
    assert answer.status_code == 404


def test_a_search_that_dingtalk_refuses_names_the_permission(world: World, alice: AdminBrowser) -> None:
    world.control("PUT", "/permissions", {"qyapi_addresslist_search": False})
    answer = alice.get("/people/found?field=approver&q=iris", has_script=True)
    assert answer.status_code == 200
    assert "qyapi_addresslist_search" in words(answer.text)


@pytest.mark.parametrize("has_script", [True, False])
def test_the_choice_is_saved_by_user_id(world: World, alice: AdminBrowser, has_script: bool) -> None:
    answer = alice.post(FALLBACK, has_script=has_script, fallback_approver="iris", version="1")
    assert answer.status_code == (200 if has_script else 303)
    assert chosen(world) == "iris"
    assert "Iris He 何静" in alice.get().text


@pytest.mark.parametrize(
    ("user_id", "sentence"),
    [
        ("", "Choose a person."),
        ("frank", "not an active member"),
        ("nobody", "not an active member"),
        ("victor", "not an active member"),
    ],
)
def test_somebody_who_cannot_decide_is_refused_and_the_search_stays(
    world: World, alice: AdminBrowser, user_id: str, sentence: str
) -> None:
    form = {"fallback_approver": user_id, "version": "1", "q": "iris"}
    answer = alice.post(FALLBACK, has_script=True, **form)
    assert answer.status_code == 422
    assert sentence in words(answer.text)
    assert 'id="fallback_approver-iris"' in answer.text
    assert chosen(world) is None


def test_a_choice_over_another_admins_save_is_refused_in_place(world: World, alice: AdminBrowser) -> None:
    alice.post("/switches", is_enabled="y", version="1")
    answer = alice.post(FALLBACK, has_script=True, fallback_approver="iris", version="1")
    assert answer.status_code == 409
    assert "Another admin saved these settings meanwhile" in words(answer.text)
    assert chosen(world) is None
