"""Choosing approvers on the request form and on the page of a request, without JavaScript and as htmx asks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from portal.extensions import db
from portal.models import Resource
from tests.portal_world import World, csrf_token
from tests.services.choosing_story import FINANCE, SELECT, SUPERVISOR, ask_choosing, design, set_up_flow
from tests.services.story import approval_of, fault, follow, instances, set_up, state_of
from tests.web.access_requests.asking import hidden, open_form, send

HTMX = {"HX-Request": "true"}


@pytest.fixture(scope="module")
def shared_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.close()


@pytest.fixture
def world(shared_world: World) -> World:
    shared_world.reset()
    return shared_world


def nodes_of(page: str) -> list[str]:
    """Return the ids of the nodes that a page lets choose at."""
    return re.findall(r'name="choice_node" value="([^"]*)"', page)


def ticked(page: str) -> list[str]:
    found = re.findall(r'<input class="form-check-input"[^>]*name="choice-\d+"[^>]*>', page)
    return [re.search(r'value="([^"]*)"', each)[1] for each in found if " checked" in each]  # type: ignore[index]


def offered(page: str) -> list[str]:
    return re.findall(r'name="choice-\d+"[^>]*value="([^"]+)"', page)


def choose(
    client: FlaskClient, number: str, page: str, *, is_htmx: bool = False, **fields: Any
) -> TestResponse:
    filled = {"csrf_token": csrf_token(page), "choice_node": nodes_of(page), **fields}
    headers = HTMX if is_htmx else {}
    return client.post(f"/requests/{number}/approvers", data=filled, headers=headers)


def changed(world: World, *nodes: dict[str, Any]) -> tuple[FlaskClient, str]:
    """Let Bob ask and the flow be edited before the start; returns his browser and the number."""
    set_up_flow(world, SELECT, FINANCE)
    number = ask_choosing(world, "dora")
    design(world, *(nodes or ({**SELECT, "range": ["kate", "iris"]}, FINANCE)))
    world.work()
    assert world.look(lambda: state_of(number)) == "needs_choice"
    return world.client("bob"), number


def test_the_form_shows_what_to_choose_who_decides_besides_and_why(world: World) -> None:
    set_up_flow(world, SELECT, FINANCE, SUPERVISOR)
    page = open_form(world.client("bob"))
    assert ticked(page) == ["chen"]
    assert "Will also approve" in page
    assert "Kate Xu 徐凯" in page
    assert "you are not among them" in page
    assert "Owns this resource" not in page


def test_a_new_group_of_items_gets_its_own_approver_and_what_was_ticked_stays(world: World) -> None:
    set_up_flow(world, SELECT, FINANCE)
    client = world.client("bob")
    page = open_form(client)
    portal = select(Resource.id).filter_by(external_id="executive-portal")
    added = str(world.look(lambda: db.session.scalars(portal).one()))
    both = send(client, page=page, add=added, **choices_in(page), **{"choice-0": "dora"}).text
    assert ticked(both) == ["dora", "alice"]
    pair = {
        "resource_type": ["dashboard", "data_portal"],
        "resource_id": ["sales-overview", "executive-portal"],
    }
    chosen = {**choices_in(both), "choice-0": "dora", "choice-1": "kate"}
    assert ticked(send(client, page=both, leave_out="0", **pair, **chosen).text) == ["kate"]


def choices_in(page: str) -> dict[str, list[str]]:
    """Return what stands hidden beside the choices of a form."""
    groups = re.findall(r'name="choice_group" value="([^"]*)"', page)
    return {"choice_node": nodes_of(page), "choice_group": groups}


def test_people_are_found_by_name_without_losing_what_was_typed(world: World) -> None:
    set_up_flow(world, SELECT, FINANCE)
    client = world.client("bob")
    page = open_form(client)
    found = send(
        client,
        page=page,
        reason="For the quarter <b>",
        level="export",
        choice_node=nodes_of(page),
        **{"find": "0", "q-0": "Dora", "choice-0": "chen"},
    )
    assert found.status_code == 200
    assert offered(found.text) == ["chen", "dora"]
    assert ticked(found.text) == ["chen"]
    assert "For the quarter &lt;b&gt;" in found.text
    assert "is required" not in found.text
    assert hidden(found.text, "submission_key") == hidden(page, "submission_key")

    sent = send(client, page=found.text, choice_node=nodes_of(found.text), **{"choice-0": ["chen", "dora"]})
    number = sent.headers["Location"].rsplit("/", 1)[1]
    follow(world, number, "pending")
    assert world.look(lambda: approval_of(number).chosen_approvers[0]["user_ids"]) == ["chen", "dora"]


def test_a_search_offers_everybody_active_but_the_requester(world: World) -> None:
    set_up_flow(world, SELECT, FINANCE)
    client = world.client("bob")
    search = {"q-0": "o", "choice-0": ["chen", "nobody-at-all"], "several": "1"}
    answer = client.get("/approvers/0", query_string=search, headers=HTMX)
    assert answer.status_code == 200
    people = offered(answer.text)
    assert people[0] == "chen"
    assert "dora" in people
    assert not {"bob", "frank", "victor", "olga", "nobody-at-all"} & set(people)
    assert answer.text.lstrip().startswith('<div id="choice-people-0"')
    assert client.get("/approvers/99").status_code == 404


def test_a_search_is_for_people_who_are_signed_in_and_have_somebody_to_choose(world: World) -> None:
    assert world.client().get("/approvers/0", query_string={"q-0": "o"}).status_code in (302, 303)
    set_up(world)
    answer = world.client("bob").get("/approvers/0", query_string={"q-0": "o"})
    assert answer.status_code == 404
    assert "Dora" not in answer.text


def test_one_person_is_chosen_by_a_radio_button_and_an_optional_one_can_be_nobody(world: World) -> None:
    set_up_flow(world, {**SELECT, "multi": False, "required": False, "range": ["dora", "kate"]}, FINANCE)
    client = world.client("bob")
    page = open_form(client)
    assert 'type="radio" name="choice-0"' in page
    assert ticked(page) == [""]
    sent = send(client, page=page, choice_node=nodes_of(page), **{"choice-0": ""})
    assert sent.status_code == 303, sent.text


@pytest.mark.parametrize("is_htmx", [True, False])
@pytest.mark.parametrize(
    ("people", "words"),
    [
        ([], "Choose who approves."),
        (["bob"], "nobody approves their own request"),
        (["chen"], "whom the approval flow allows"),
    ],
)
def test_a_choice_that_cannot_be_is_told_beside_its_node(
    world: World, people: list[str], words: str, is_htmx: bool
) -> None:
    set_up_flow(world, {**SELECT, "range": ["bob", "kate"]}, FINANCE)
    client = world.client("bob")
    page = open_form(client)
    sent = send(
        client,
        page=page,
        is_htmx=is_htmx,
        reason="kept",
        choice_node=nodes_of(page),
        **{"choice-0": people},
    )
    assert sent.status_code == 422
    assert words in sent.text
    assert ">kept</textarea>" in sent.text.replace("\r\n", "").replace("\n", "")
    assert 'class="field choice field-invalid"' in sent.text
    assert '<li><a href="#node-0">审批人: ' in sent.text
    assert instances(world) == []


def test_when_dingtalk_does_not_tell_the_flow_the_form_says_what_to_do_and_keeps_everything(
    world: World,
) -> None:
    set_up_flow(world, SELECT, FINANCE)
    client = world.client("bob")
    fault(world, "http_500_before", operation="forecast")
    page = open_form(client)
    assert "Ask DingTalk again" in page
    assert re.search(r"<button[^>]* disabled>.*Send request", page, re.DOTALL)
    again = send(client, page=page, reason="kept", find="again")
    assert again.status_code == 200
    assert ticked(again.text) == ["chen"]
    assert "kept</textarea>" in again.text

    fault(world, "http_500_before", operation="forecast")
    sent = send(
        client, page=again.text, reason="kept too", choice_node=nodes_of(again.text), **{"choice-0": "dora"}
    )
    assert sent.status_code == 409
    assert "kept too</textarea>" in sent.text
    assert "Ask DingTalk again" in sent.text


def test_peer_to_peer_shows_the_one_approver_also_when_dingtalk_is_silent(world: World) -> None:
    set_up(world)
    fault(world, "http_500_before", operation="forecast")
    page = open_form(world.client("bob"))
    assert nodes_of(page) == []
    assert "Owns this resource." in page
    assert "Ask DingTalk again" not in page


def test_a_missing_supervisor_is_warned_about_and_the_form_can_be_sent(world: World) -> None:
    set_up_flow(world, SELECT, SUPERVISOR)
    client = world.client("eve")
    page = open_form(client)
    assert "“主管”" in page
    assert "then skips this step or hands it to an OA administrator" in page
    sent = send(client, page=page, choice_node=nodes_of(page), **{"choice-0": "dora"})
    assert sent.status_code == 303, sent.text


def test_a_request_whose_flow_was_changed_says_what_changed_and_takes_another_choice(world: World) -> None:
    client, number = changed(world)
    page = client.get(f"/requests/{number}").text
    assert "Needs your choice" in page
    assert "“审批人”" in page
    assert f'hx-get="/requests/{number}/approvers"' in page
    form = client.get(f"/requests/{number}/approvers").text
    assert offered(form) == ["iris", "kate"] or offered(form) == ["kate", "iris"]

    refused = choose(client, number, form, is_htmx=True, **{"choice-0": "dora"})
    assert refused.status_code == 422
    assert refused.text.lstrip().startswith('<section id="choose-again"')
    taken = choose(client, number, form, **{"choice-0": "iris"})
    assert (taken.status_code, taken.headers["Location"]) == (303, f"/requests/{number}")
    follow(world, number, "pending")
    # What waits no longer leads back to the request.
    assert client.get(f"/requests/{number}/approvers").status_code == 303


def test_htmx_is_sent_on_to_the_request_after_another_choice(world: World) -> None:
    client, number = changed(world)
    form = client.get(f"/requests/{number}/approvers", headers=HTMX).text
    taken = choose(client, number, form, is_htmx=True, **{"choice-0": "iris"})
    assert taken.status_code == 204
    assert taken.headers["HX-Redirect"] == f"/requests/{number}"


@pytest.mark.parametrize("who", ["chen", "dora", "alice", "kate"])
def test_nobody_else_is_let_in_to_choose(world: World, who: str) -> None:
    bob, number = changed(world)
    form = bob.get(f"/requests/{number}/approvers").text
    client = world.client(who)
    assert client.get(f"/requests/{number}/approvers").status_code == 404
    page = client.get("/requests").text
    sent = {"csrf_token": csrf_token(page), "choice_node": nodes_of(form), "choice-0": "iris"}
    assert client.post(f"/requests/{number}/approvers", data=sent).status_code == 404
    assert world.look(lambda: state_of(number)) == "needs_choice"


def test_odd_input_is_refused_and_never_a_fault_of_ours(world: World) -> None:
    set_up_flow(world, SELECT, FINANCE)
    client = world.client("bob")
    page = open_form(client)
    for odd in ({"choice-0": "\x00"}, {"choice-0": "x" * 5000}, {"choice-0": ["kate"] * 50 + ["x"] * 50}):
        sent = send(client, page=page, choice_node=nodes_of(page), **odd)
        assert sent.status_code == 422, odd
    many = {"choice_node": ["x"] * 500, "choice-0": "kate"}
    assert send(client, page=page, **many).status_code == 422
    assert client.get("/approvers/0", query_string={"q-0": "\x00" * 90}).status_code == 200


def test_a_flow_in_which_nobody_can_be_chosen_any_more_says_so(world: World) -> None:
    set_up_flow(world, SELECT, FINANCE)
    design(world, FINANCE)
    page = open_form(world.client("bob"))
    assert nodes_of(page) == []
    assert "lets you choose nobody" in page
    assert "Kate Xu 徐凯" in page
