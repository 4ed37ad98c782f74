"""Lists of requests on the page: searching with and without JavaScript, and nothing of others in any of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from tests.portal_world import World
from tests.services.story import set_up
from tests.web.access_requests.asking import ask, post

HTMX = {"HX-Request": "true"}
LISTS = ("/requests", "/requests/decided", "/requests/all")


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Bob has asked for the sales dashboard, which Chen decides about; Kate for another, Alice decides."""
    made = World(tmp_path_factory.mktemp("world"))
    made.subscribe()
    set_up(made)
    yield made
    made.close()


@pytest.fixture(scope="module")
def bobs(ready: World) -> str:
    return ask(ready.client("bob"))


@pytest.fixture(scope="module")
def kates(ready: World, bobs: str) -> str:
    kate = ready.client("kate")
    number = ask(kate, resource_type="data_portal", resource_id="executive-portal")
    assert post(kate, f"/requests/{number}/withdrawal").status_code == 303
    return number


def listed(client: FlaskClient, path: str = "/requests", **query: str) -> list[str]:
    """Return the numbers on a list, in its order."""
    answer = client.get(path, query_string=query or None)
    assert answer.status_code == 200, answer.text
    return re.findall(r'href="/requests/(AR-[0-9-]+)"', answer.text)


def test_a_requester_finds_their_own_by_what_the_list_shows(ready: World, bobs: str) -> None:
    bob = ready.client("bob")
    for text in (bobs, bobs[:9].lower(), bobs[-6:], "Sales over", "销售", "Chen", "陈伟", "chen sales"):
        assert listed(bob, q=text) == [bobs], text
    assert listed(bob, q="chen", state="open") == [bobs]
    assert listed(bob, q="chen", state="approved") == []


def test_an_admin_finds_everybodys_and_has_a_way_there(ready: World, bobs: str, kates: str) -> None:
    alice = ready.client("alice")
    assert 'href="/requests/all"' in alice.get("/requests").text
    assert listed(alice, "/requests/all") == [kates, bobs]
    assert listed(alice, "/requests/all", q="李博") == [bobs]
    assert listed(alice, "/requests/all", q="总部") == [kates]
    assert listed(alice, "/requests/all", state="ended") == [kates]
    assert listed(alice, "/requests/all", q="AR-", state="open") == [bobs]
    page = alice.get("/requests/all", query_string={"q": "陈伟"}).text
    assert "Bob Li 李博" in page
    assert "Chen Wei 陈伟" in page


def test_everybodys_requests_are_for_those_who_oversee_them(ready: World, bobs: str) -> None:
    for person in ("bob", "dora"):
        client = ready.client(person)
        answer = client.get("/requests/all", query_string={"q": bobs})
        assert answer.status_code == 403
        assert "Sales overview" not in answer.text
        assert "/requests/all" not in client.get("/requests").text
    assert ready.client().get("/requests/all").status_code == 303


@pytest.mark.parametrize("path", ["/requests", "/requests/decided"])
def test_a_search_tells_nothing_about_requests_of_others(
    ready: World, bobs: str, kates: str, path: str
) -> None:
    """What exists and what does not are answered alike, to the last character but for the words typed."""
    dora = ready.client("dora")

    def told(text: str, state: str = "") -> str:
        answer = dora.get(path, query_string={"q": text, "state": state}, headers=HTMX)
        assert answer.status_code == 200
        return answer.text

    nothing = told("no such thing")
    assert "Nothing found" in nothing
    for text in (bobs, kates, "AR-", "0000", "bob", "李博", "kate", "Sales", "高管", "chen"):
        assert told(text) == nothing
        for state in ("open", "ended"):
            assert told(text, state) == nothing


def test_an_approver_finds_what_they_decide_about_beside_their_own(
    ready: World, bobs: str, kates: str
) -> None:
    chen = ready.client("chen")
    assert 'href="/requests/decided"' in chen.get("/approvals").text
    assert bobs not in listed(chen)
    assert listed(chen, "/requests/decided", q="李博") == [bobs]
    assert kates not in listed(chen, "/requests/decided")
    assert listed(ready.client("dora"), "/requests/decided") == []


@pytest.mark.parametrize("path", LISTS)
def test_htmx_gets_the_list_alone_under_an_address_that_can_be_kept(
    ready: World, bobs: str, path: str
) -> None:
    answer = ready.client("alice").get(f"{path}?q=&state=open&older_than=", headers=HTMX)
    assert answer.text.lstrip().startswith('<section id="request-list"')
    assert 'hx-swap-oob="innerHTML:#announcer"' in answer.text
    assert answer.headers["HX-Replace-Url"] == f"{path}?state=open"
    assert "HX-Request" in answer.headers["Vary"]


def test_the_kept_address_shows_the_same_search_again_without_javascript(ready: World, bobs: str) -> None:
    page = ready.client("bob").get("/requests", query_string={"q": "销售", "state": "open"}).text
    assert bobs in page
    assert 'value="销售"' in page
    assert '<option value="open" selected>' in page
    assert '<form class="request-search" method="get" action="/requests"' in page


@pytest.mark.parametrize(
    "query",
    [
        {"q": "<script>alert(1)</script>"},
        {"q": "%"},
        {"q": "\x00"},
        {"q": "z" * 9_000},
        {"q": "'; DROP TABLE portal_access_request; --"},
        {"state": "starship"},
        {"state": "open", "older_than": "-5"},
        {"q": "bob", "older_than": "9" * 30},
    ],
)
@pytest.mark.parametrize("path", LISTS)
def test_odd_searches_break_nothing(ready: World, bobs: str, path: str, query: dict[str, str]) -> None:
    for headers in ({}, HTMX):
        answer = ready.client("alice").get(path, query_string=query, headers=headers)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text


def test_nothing_found_says_what_can_be_searched(ready: World, bobs: str) -> None:
    page = ready.client("bob").get("/requests", query_string={"q": "zzz"}).text
    assert "Nothing found" in page
    assert "Look for a number like AR-2026-000123" in page
    assert 'name="q" value="zzz"' in page


def test_older_pages_keep_the_search(ready: World) -> None:
    jack = ready.client("jack")
    numbers = [ask(jack) for _ in range(21)]
    newest = jack.get("/requests", query_string={"q": "sales", "state": "open"}).text
    older = re.search(r'href="(/requests\?q=sales[^"]*)"', newest)
    assert older
    assert listed(jack, older[1].replace("&amp;", "&")) == numbers[:1]


def test_a_poll_finds_out_that_nothing_is_new_without_reading_the_request(ready: World, bobs: str) -> None:
    bob = ready.client("bob")
    address = re.search(r'hx-get="([^"]+)"', bob.get(f"/requests/{bobs}").text)
    assert address
    assert bob.get(address[1], headers=HTMX).status_code == 204
    for person, status in (("chen", 204), ("alice", 204), ("dora", 404)):
        assert ready.client(person).get(address[1], headers=HTMX).status_code == status
