"""Files of lists: what is in them, whom they are for, and that nothing in them is run."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from flask.testing import FlaskClient

from portal.services.lists.csv_lines import csv_bytes
from portal.services.lists.exports import MOST_AT_ONCE, ROWS_A_PIECE
from portal.services.lists.saved_views import ListName
from tests.portal_world import World
from tests.services.engines import on_both_engines
from tests.services.made_up_requests import MadeUpRequests
from tests.services.story import actor_named, audited
from tests.web.lists.conftest import grant, post


def rows(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    text = answer.get_data().decode("utf-8-sig")
    answer.close()  # as every server does
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


@on_both_engines
def test_a_file_holds_all_that_the_list_shows_over_many_pieces(
    world: World, made: MadeUpRequests, alice: FlaskClient
) -> None:
    bob, kate, sales = made.person("Bob 李"), made.person("Kate"), made.resource('Sales, "east"\n华东')
    count = ROWS_A_PIECE * 2 + 7
    expected = made.requests([(bob if n % 2 else kate, kate, sales, "approved") for n in range(count)])[::-1]
    answer = post(alice, "/lists/requests/export")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="requests.csv"'
    assert answer.get_data().startswith(b"\xef\xbb\xbfrequest_number,")
    found = rows(answer)
    assert [each["request_number"] for each in found] == expected
    assert found[0]["resource"] == 'Sales, "east"\n华东'
    assert found[0]["submitted_at"] == "2026-03-01T09:00:00+00:00"
    narrowed = rows(post(alice, "/lists/requests/export?person=bob"))
    assert [each["request_number"] for each in narrowed] == [
        each for each, number in zip(expected, reversed(range(count)), strict=True) if number % 2
    ]
    (_, entry) = world.look(lambda: audited("list.exported"))
    assert entry.after == {"person": "bob"}


@on_both_engines
def test_grants_are_exported_with_how_they_ended(
    world: World, made: MadeUpRequests, alice: FlaskClient
) -> None:
    bob, sales = made.person("Bob"), made.resource("=Sales")
    grant(world, made.request(bob, bob, sales), state="revoked", end_reason="@left")
    (found,) = rows(post(alice, "/lists/grants/export?state=revoked"))
    assert (found["person"], found["state"], found["resource"], found["end_reason"]) == (
        "Bob",
        "revoked",
        "'=Sales",
        "'@left",
    )


@pytest.mark.parametrize(
    "begins", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "＋1", "－1", "＠x"]
)
def test_no_cell_begins_a_formula(begins: str) -> None:
    assert csv_bytes([[begins]]).decode().strip('"\r\n').startswith("'")


def test_lines_are_those_of_rfc_4180() -> None:
    written = csv_bytes([["a", 'say "hi"', "x,y", "two\r\nlines", None, 5], ["李", "", "", "", "", ""]])
    assert written == 'a,"say ""hi""","x,y","two\r\nlines",,5\r\n李,,,,,\r\n'.encode()


@pytest.mark.parametrize("name", list(ListName))
def test_who_does_not_oversee_gets_no_file(world: World, made: MadeUpRequests, name: ListName) -> None:
    made.request(made.person("Bob"), made.person("Kate"), made.resource("Sales"))
    answer = post(world.client("dora"), f"/lists/{name}/export")
    assert answer.status_code == 403
    assert "Sales" not in answer.text
    assert world.look(lambda: audited("list.exported")) == []


def test_more_files_than_there_are_places_are_refused_in_words(world: World, alice: FlaskClient) -> None:
    with world.app.app_context():
        actor, exports = actor_named("alice"), world.services.exports
        places = [exports.begin(actor, ListName.REQUESTS, filters={}) for _ in range(MOST_AT_ONCE)]
    answer = post(alice, "/lists/requests/export")
    assert answer.status_code == 409
    assert "Other files are being written right now" in answer.text
    for give_back in (*places, *places):  # giving back twice makes no place out of nothing
        give_back()
    for _ in range(MOST_AT_ONCE + 1):
        assert rows(post(alice, "/lists/requests/export")) == []


def test_a_file_that_nobody_reads_gives_its_place_back(world: World, alice: FlaskClient) -> None:
    for _ in range(MOST_AT_ONCE + 1):
        answer = post(alice, "/lists/requests/export")
        assert answer.status_code == 200
        answer.close()
