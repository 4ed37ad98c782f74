"""Views that somebody keeps: theirs alone, led by name to the same filters again."""

from __future__ import annotations

import re

from flask.testing import FlaskClient

from portal.extensions import db
from portal.models import SavedView
from tests.portal_world import World
from tests.services.story import audited
from tests.web.lists.conftest import post


def views(world: World) -> list[tuple[str, str, dict[str, str]]]:
    return list(
        world.look(
            lambda: [(each.page, each.name, dict(each.filters)) for each in db.session.query(SavedView)]
        )
    )


def test_a_view_leads_back_to_its_filters(world: World, alice: FlaskClient) -> None:
    kept = post(alice, "/lists/grants/views?person=bob&state=failing&x=y", view_name="  Bob 的 <b>  ")
    assert (kept.status_code, kept.headers["Location"]) == (303, "/grants?person=bob&state=failing")
    assert views(world) == [("grants", "Bob 的 <b>", {"person": "bob", "state": "failing"})]
    page = alice.get("/grants").text
    assert '<a href="/grants?person=bob&amp;state=failing">Bob 的 &lt;b&gt;</a>' in page
    assert "Bob 的" not in alice.get("/requests/all").text
    (entry,) = world.look(lambda: audited("view.saved"))
    assert (entry.before, entry.after) == (None, {"person": "bob", "state": "failing"})


def test_the_same_name_again_replaces_the_view(world: World, alice: FlaskClient) -> None:
    for state in ("failing", "active"):
        post(alice, f"/lists/grants/views?state={state}", view_name="Mine")
    assert views(world) == [("grants", "Mine", {"state": "active"})]


def test_a_name_that_cannot_be_one_is_told(world: World, alice: FlaskClient) -> None:
    for name in ("", "   ", "x" * 65):
        post(alice, "/lists/requests/views?q=a", view_name=name)
        assert "Give the view a name of 1 to 64 characters." in alice.get("/requests/all").text
    assert views(world) == []


def test_at_most_thirty_views_are_kept(world: World, alice: FlaskClient) -> None:
    for number in range(31):
        post(alice, "/lists/requests/views?q=a", view_name=f"View {number}")
    assert len(views(world)) == 30
    assert "You keep 30 views" in alice.get("/requests/all").text


def test_a_view_is_deleted_by_its_owner_alone(world: World, alice: FlaskClient) -> None:
    post(alice, "/lists/requests/views?q=a", view_name="Mine")
    found = re.search(r'action="(/views/\d+/deletion)"', alice.get("/requests/all").text)
    assert found
    assert post(world.client("bob"), found[1]).status_code == 404
    assert len(views(world)) == 1
    assert post(alice, found[1]).status_code == 303
    assert views(world) == []
    assert post(alice, found[1]).status_code == 404
    (entry,) = world.look(lambda: audited("view.deleted"))
    assert entry.before == {"q": "a"}


def test_there_are_no_views_of_other_lists(alice: FlaskClient) -> None:
    assert post(alice, "/lists/secrets/views", view_name="x").status_code == 404
    assert post(alice, "/lists/secrets/export").status_code == 404
