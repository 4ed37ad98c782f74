"""Nobody sees what is not theirs: of a request, who decides a part or administers a workspace sees that alone."""

from __future__ import annotations

import csv

import pytest
from flask.testing import FlaskClient

from portal.database import transaction
from portal.extensions import db
from portal.models import Person, Resource, Workspace, WorkspaceMember
from portal.models.resource import WorkspaceRole
from tests.portal_world import World, csrf_token
from tests.services.pending_story import make_permission_administrator, pass_days, set_rules, states_of
from tests.services.story import ask, person_named
from tests.web.approval_settings.admin_browser import words

# What is asked for, in a workspace of its own each, and whose it is.
ROOMS = {"sales-overview": "chen", "regional-revenue": "chen", "executive-portal": "dora"}


@pytest.fixture(scope="module")
def number(ready: World) -> str:
    """Bob asks for three things in three workspaces: two of Chen's, one of Dora's. Eve administers the first room."""
    for person in ("alice", "bob", "chen", "dora", "eve", "henry", "iris"):
        ready.client(person)
    set_rules(
        ready, approver_kinds=["data_work_owner"], is_in_platform_channel_on=True, prefers_in_platform=True
    )
    with ready.app.app_context(), transaction() as session:
        session.query(WorkspaceMember).delete()
        for name, owner in ROOMS.items():
            room = Workspace(
                external_id=f"room-{db.session.query(Workspace).count()}", name=f"Room of {name}"
            )
            session.add(room)
            session.flush()
            resource = session.query(Resource).filter_by(external_id=name).one()
            resource.workspace, resource.workspace_id = room.name, room.id
            resource.owner_id = person_named(owner).id
            if name == "sales-overview":
                administer(ready, session.get_one(Workspace, room.id), person_named("eve"))
    return ask(ready, items=tuple({"resource": name} for name in ROOMS))


def administer(world: World, room: Workspace, person: Person) -> None:
    role = WorkspaceRole.ADMINISTRATOR
    member = WorkspaceMember(workspace_id=room.id, person_id=person.id, role=role, given_at=world.clock.now())
    db.session.add(member)


def seen_on(world: World, who: str, path: str) -> list[str]:
    """Return which of the things asked for a page names to somebody, by name or by room."""
    client = world.client(who)
    page = words(client.get(path).text)
    assert page
    names = world.look(
        lambda: {
            each.external_id: each.name
            for each in db.session.query(Resource).all()
            if each.external_id in ROOMS
        }
    )
    return [key for key in ROOMS if names[key] in page or f"Room of {key}" in page]


@pytest.mark.parametrize(
    ("who", "what", "hidden"),
    [
        ("bob", ["sales-overview", "regional-revenue", "executive-portal"], 0),
        ("alice", ["sales-overview", "regional-revenue", "executive-portal"], 0),
        ("chen", ["sales-overview", "regional-revenue"], 1),
        ("dora", ["executive-portal"], 2),
        ("eve", ["sales-overview"], 2),
    ],
)
def test_a_status_page_names_what_is_the_viewers_and_how_much_more_there_is(
    ready: World, number: str, who: str, what: list[str], hidden: int
) -> None:
    page = words(ready.client(who).get(f"/requests/{number}").text)
    assert seen_on(ready, who, f"/requests/{number}") == what
    assert (f"The request has {hidden} more item" in page) == bool(hidden)
    assert ("Dora Wu" in page) == ("executive-portal" in what)


def test_who_has_nothing_to_do_with_any_part_finds_no_request(ready: World, number: str) -> None:
    assert ready.client("henry").get(f"/requests/{number}").status_code == 404


def test_the_list_of_a_workspace_tells_no_more_than_the_page(ready: World, number: str) -> None:
    assert seen_on(ready, "eve", f"/requests/all?q={number}") == ["sales-overview"]
    page = words(ready.client("eve").get(f"/requests/all?q={number}").text)
    assert "and 2 more that you do not see" in page
    assert "Dora Wu" not in page
    assert seen_on(ready, "chen", f"/requests/decided?q={number}") == ["sales-overview", "regional-revenue"]


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("q=Room of sales", True),
        ("q=Room of executive", False),
        ("resource=sales-overview", True),
        ("resource=executive-portal", False),
        ("workspace=Room of executive", False),
        ("approver=chen", True),
        ("approver=dora", False),
        ("q=dora", False),
        ("type=dashboard", True),
        ("type=data_portal", False),
    ],
)
def test_no_search_finds_out_what_the_page_does_not_tell(
    ready: World, number: str, query: str, is_found: bool
) -> None:
    assert (number in ready.client("eve").get(f"/requests/all?{query}").text) == is_found
    assert number in ready.client("alice").get(f"/requests/all?{query}").text


@pytest.mark.parametrize(
    ("who", "text", "is_found"),
    [
        ("chen", "Room of regional", True),
        ("chen", "Room of executive", False),
        ("chen", "dora", False),
        ("dora", "Room of executive", True),
        ("dora", "Room of sales", False),
    ],
)
def test_who_decides_a_part_finds_it_by_what_is_theirs_alone(
    ready: World, number: str, who: str, text: str, is_found: bool
) -> None:
    assert (number in ready.client(who).get(f"/requests/decided?q={text}").text) == is_found


def test_a_file_has_the_lines_of_the_viewers_workspaces_alone(ready: World, number: str) -> None:
    assert exported(ready.client("eve"), number) == ["sales-overview"]
    assert exported(ready.client("alice"), number) == list(ROOMS)


def exported(client: FlaskClient, number: str) -> list[str]:
    token = csrf_token(client.get("/requests").text)
    file = client.post(f"/lists/requests/export?q={number}", data={"csrf_token": token})
    lines = csv.DictReader(file.get_data().decode("utf-8-sig").splitlines())
    return [each["resource_id"] for each in lines if each["request_number"] == number]


def test_who_did_not_decide_in_time_still_sees_what_was_passed_on(ready: World, number: str) -> None:
    make_permission_administrator(ready, "iris")
    set_rules(ready, escalates_after_days=1)
    passed_on = ask(ready, items=({"resource": "sales-overview"}, {"resource": "executive-portal"}))
    pass_days(ready, 1.5)
    assert ready.look(lambda: states_of(passed_on)).count("escalated") == 2
    assert seen_on(ready, "dora", f"/requests/{passed_on}") == ["executive-portal"]
    assert passed_on in ready.client("dora").get("/requests/decided?q=Room of executive").text
