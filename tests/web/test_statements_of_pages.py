"""What people wait for asks the database a bounded number of questions, however much is shown."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.portal_world import World, csrf_token
from tests.services.pending_story import make_permission_administrator, set_rules
from tests.services.story import ask, set_up
from tests.web.counted_statements import counted_statements, statements_of

FORM = "/requests/new?resource_type=dashboard&resource_id=sales-overview&level=view"
ANOTHER = "&resource_type=dashboard&resource_id="


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A portal to which the directory has told of everybody lately, as on most days."""
    made = World(tmp_path_factory.mktemp("world"))
    set_up(made)
    for person in ("alice", "bob", "chen"):
        made.client(person)
    yield made
    made.close()


def test_what_people_open_all_day_asks_little(ready: World) -> None:
    number = ask(ready)
    bob, alice = ready.client("bob"), ready.client("alice")
    asked = {
        path: statements_of(ready, client, path)
        for client, path in (
            (bob, FORM),
            (bob, "/requests"),
            (bob, f"/requests/{number}"),
            (alice, "/settings/approval"),
        )
    }
    most = dict(zip(asked, (11, 9, 11, 11), strict=True))
    assert {path: count for path, count in asked.items() if count > most[path]} == {}


def test_submitting_asks_little(ready: World) -> None:
    bob = ready.client("bob")
    token = csrf_token(bob.get("/requests").text)
    sent = {
        "csrf_token": token,
        "submission_key": "a" * 32,
        "resource_type": "dashboard",
        "resource_id": "sales-overview",
        "level": "view",
        "again": "1",
        "validity": "7",
        "reason": "For the report",
    }
    with counted_statements(ready) as seen:
        assert bob.post("/requests", data=sent).status_code == 303
    assert len(seen) <= 17


def test_more_resources_on_a_form_ask_no_more_than_which_they_are(ready: World) -> None:
    make_permission_administrator(ready, "alice")
    set_rules(ready, approver_kinds=["workspace_administrator", "permission_administrator"])
    bob = ready.client("bob")
    several = FORM + "".join(ANOTHER + each for each in ("regional-revenue", "monthly-targets"))
    assert statements_of(ready, bob, several) <= statements_of(ready, bob, FORM) + 2
