"""A catalogue file: looked at first, then all of it or nothing, whoever wrote it and whatever they meant."""

from __future__ import annotations

import csv
import io
import os
import secrets
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from portal.channels.dingtalk.callback import OwnerKeyKind
from portal.database import core_transaction, transaction
from portal.extensions import db
from portal.models import AuditEntry, Person, Resource, ResourceImport, Workspace
from portal.models.callback_event import EventRoad
from portal.models.resource import ResourceSource
from portal.services.audit import Actor, actor_of
from portal.services.catalogue.csv_export import write_catalogue
from portal.services.catalogue.csv_lines import Column
from portal.services.events.event_rows import NewEvent, store_events
from portal.services.faults import NotThere, Problem, ProblemReason
from portal.services.permissions import NotAllowed
from tests.portal_world import World
from tests.services.engines import on_both_engines
from tests.services.story import actor_named, person_named

FIRST = "resource_type,external_id,name"


def file_of(*lines: str, first: str = FIRST) -> bytes:
    return "\n".join([first, *lines, ""]).encode()


def look(world: World, content: bytes, *, who: str = "alice") -> int:
    with world.app.app_context():
        return world.services.csv_import.look(
            actor_named(who), person_named(who), file_name="resources.csv", content=content
        )


def report(world: World, import_id: int) -> dict[str, Any]:
    return dict(world.look(lambda: db.session.get_one(ResourceImport, import_id).report))


def apply(world: World, import_id: int, *, who: str = "alice") -> None:
    with world.app.app_context():
        world.services.csv_import.apply(actor_named(who), person_named(who), import_id)


def taken(world: World, content: bytes) -> dict[str, Any]:
    """Look and apply; nothing may be wrong with it."""
    import_id = look(world, content)
    found = report(world, import_id)
    assert found["faults"] == []
    apply(world, import_id)
    return dict(found["counts"])


def resource(external_id: str) -> Resource:
    return db.session.scalars(select(Resource).filter_by(external_id=external_id)).one()


def reasons(world: World, content: bytes) -> list[tuple[int, str, str]]:
    found = report(world, look(world, content))
    return [(each["line"], each["column"], each["reason"]) for each in found["faults"]]


def everything(world: World) -> list[tuple[Any, ...]]:
    columns = Resource.__table__.columns
    return world.look(
        lambda: [tuple(row) for row in db.session.execute(select(*columns).order_by(Resource.id))]
    )


def test_looking_changes_nothing_and_counts_what_would(world: World) -> None:
    before = everything(world)
    content = file_of(
        "dashboard,new-one,New",
        "dashboard,sales-overview,Sales overview 销售总览",
        "dashboard,supply-chain,Renamed",
    )
    found = report(world, look(world, content))
    assert found["counts"] == {"new": 1, "changed": 1, "unchanged": 1, "untouched": len(before) - 2}
    assert found["changes"][0]["after"] == {"name": "Renamed"}
    assert everything(world) == before


@on_both_engines
def test_applying_does_what_the_look_said_and_again_changes_nothing(world: World) -> None:
    first = f"{FIRST},workspace,owner,link,confirmation,target,edit_permission,masked_columns"
    line = (
        "dataset,new,New data,New room,chen,https://BI.example.com/new/?b=2&a=1,Be careful,manual,private,"
        '"phone:Phone 电话; name"'
    )
    assert taken(world, file_of(line, first=first))["new"] == 1
    with world.app.app_context():
        made = resource("new")
        assert (made.name, made.workspace, made.source) == ("New data", "New room", ResourceSource.IMPORT)
        assert made.owner is not None
        assert made.owner.user_id == "chen"
        assert (made.target, made.edit_permission, made.confirmation) == ("manual", "private", "Be careful")
        assert [each["label"] for each in made.columns] == ["Phone 电话", "name"]
        assert db.session.get_one(Workspace, made.workspace_id).name == "New room"
        assert world.services.catalogue.search("http://bi.example.com/new?a=1&b=2#x") == [made]
    assert taken(world, file_of(line, first=first))["unchanged"] == 1


@on_both_engines
def test_what_changed_stands_in_the_audit_trail_with_before_and_after(world: World) -> None:
    taken(world, file_of("dashboard,supply-chain,Renamed", "dashboard,another,Another"))
    with world.app.app_context():
        changed = db.session.scalars(select(AuditEntry).filter_by(action="resource.changed")).one()
        assert changed.subject_id == str(resource("supply-chain").id)
        assert (changed.before, changed.after) == ({"name": "Supply chain 供应链"}, {"name": "Renamed"})
        whole = db.session.scalars(select(AuditEntry).filter_by(action="catalogue.imported")).one()
        assert whole.actor_name.startswith("Alice")
        assert (whole.after or {})["new"] == 1


def test_a_column_that_is_not_there_stays_and_an_empty_cell_empties(world: World) -> None:
    taken(world, file_of("dataset,customers,Customers"))
    assert world.look(lambda: bool(resource("customers").confirmation))
    taken(world, file_of("dataset,customers,Customers,", first=f"{FIRST},confirmation"))
    assert world.look(lambda: resource("customers").confirmation) == ""


@on_both_engines
def test_one_fault_anywhere_leaves_everything_as_it_was(world: World) -> None:
    before = everything(world)
    import_id = look(world, file_of("dashboard,fine,Fine", "hologram,h,H"))
    with pytest.raises(Problem) as problem:
        apply(world, import_id)
    assert problem.value.reason == ProblemReason.IMPORT_HAS_FAULTS
    assert everything(world) == before


@on_both_engines
def test_workspaces_are_found_by_id_and_a_contradiction_is_a_fault(world: World) -> None:
    first = f"{FIRST},workspace,workspace_id"
    assert reasons(world, file_of("dashboard,a,A,,nowhere", first=first)) == [
        (2, "workspace_id", "workspace_unknown")
    ]
    contradiction = file_of("dashboard,a,A,Another,ws-sales", first=first)
    assert reasons(world, contradiction) == [(2, "workspace", "workspace_differs")]
    taken(world, file_of("dashboard,a,A,,ws-sales", "dashboard,b,B,Far away,ws-far", first=first))
    with world.app.app_context():
        assert resource("a").workspace == "Sales 销售"
        home = db.session.get_one(Workspace, resource("b").workspace_id)
        assert (home.name, home.external_id) == ("Far away", "ws-far")


def test_an_owner_nobody_met_is_told_before_and_kept_without_a_role(world: World) -> None:
    first = f"{FIRST},owner,owner_name"
    import_id = look(world, file_of("dashboard,a,A,zoe,Zoe", first=first))
    assert report(world, import_id)["new_owners"] == {"count": 1, "names": ["zoe"]}
    apply(world, import_id)
    with world.app.app_context():
        zoe = db.session.scalars(select(Person).filter_by(user_id="zoe")).one()
        assert (zoe.name, zoe.roles) == ("Zoe", [])


def test_formulas_stay_text_and_survive_a_round_trip(world: World) -> None:
    formula = '=HYPERLINK("http://evil.example.com")'
    quoted = formula.replace('"', '""')
    taken(world, file_of(f'dashboard,f,"{quoted}"', "dashboard,m,-5 days", "dashboard,q,'quoted'"))
    with world.app.app_context():
        written = io.StringIO()
        write_catalogue(db.session(), written)
        rows = {row["external_id"]: row for row in csv.DictReader(io.StringIO(written.getvalue()))}
        assert (rows["f"]["name"], rows["m"]["name"]) == (f"'{formula}", "'-5 days")
        assert resource("f").name == formula
    again = taken(world, written.getvalue().encode())
    assert (again["new"], again["changed"], again["untouched"]) == (0, 0, 0)


@on_both_engines
def test_a_catalogue_that_changed_since_the_look_is_told_and_looked_at_again(world: World) -> None:
    import_id = look(world, file_of("dashboard,supply-chain,Renamed"))
    with world.app.app_context(), transaction():
        resource("supply-chain").name = "Meanwhile"
    with pytest.raises(Problem) as problem:
        apply(world, import_id)
    assert problem.value.reason == ProblemReason.CATALOGUE_CHANGED
    assert world.look(lambda: resource("supply-chain").name) == "Meanwhile"
    assert report(world, import_id)["changes"][0]["before"] == {"name": "Meanwhile"}
    apply(world, import_id)
    assert world.look(lambda: resource("supply-chain").name) == "Renamed"


@on_both_engines
def test_an_import_applied_twice_counts_once(world: World) -> None:
    import_id = look(world, file_of("dashboard,one,One"))
    apply(world, import_id)
    with world.app.app_context(), transaction():
        resource("one").name = "Two"
    apply(world, import_id)
    with world.app.app_context():
        assert resource("one").name == "Two"
        assert db.session.get_one(ResourceImport, import_id).content == ""


def test_a_retired_resource_comes_back_with_a_file_that_names_it(world: World) -> None:
    with world.app.app_context():
        alice = person_named("alice")
        wanted = resource("supply-chain").id
        world.services.resource_keeping.retire(actor_of(alice, address=""), alice, wanted)
        assert world.services.catalogue.find(resource_type="dashboard", external_id="supply-chain") is None
    taken(world, file_of("dashboard,supply-chain,Supply chain 供应链"))
    with world.app.app_context():
        assert world.services.catalogue.find(resource_type="dashboard", external_id="supply-chain")


def test_only_keepers_of_the_whole_catalogue_import_and_each_sees_their_own(world: World) -> None:
    world.client("dora")
    for person in ("chen", "dora"):
        with pytest.raises(NotAllowed):
            look(world, file_of("dashboard,a,A"), who=person)
    import_id = look(world, file_of("dashboard,a,A"))
    with pytest.raises(NotAllowed):
        apply(world, import_id, who="chen")
    with world.app.app_context(), pytest.raises(NotThere):
        world.services.csv_import.view(person_named("alice"), import_id + 1)


@on_both_engines
def test_an_import_that_fails_in_its_last_statement_changes_nothing_and_can_be_tried_again(
    world: World,
) -> None:
    before = everything(world)
    import_id = look(world, file_of("dashboard,supply-chain,Renamed", "dashboard,another,Another"))
    nobody = Actor(person_id=999_999_999, name="Nobody whom an audit entry could name")
    with world.app.app_context(), pytest.raises(IntegrityError):
        world.services.csv_import.apply(nobody, person_named("alice"), import_id)
    assert everything(world) == before
    apply(world, import_id)
    assert world.look(lambda: resource("another").name) == "Another"


@pytest.mark.slow
@on_both_engines
def test_fifty_thousand_lines_are_taken_in_while_callbacks_wait_less_than_a_second(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    for what, wanted in (("new", "Report"), ("changed", "Renamed")):
        content = "\n".join(_many(50_000, name=wanted)).encode()
        with callbacks_meanwhile(world) as waits:
            began = time.monotonic()
            assert taken(world, content)[what] == 50_000
            seconds = time.monotonic() - began
        with capsys.disabled():
            longest = max(waits)
            print(f"\n50,000 {what}: {seconds:.1f} s, a callback waited {longest:.2f} s")  # noqa: T201
        if os.getloadavg()[0] > 2 * (os.cpu_count() or 1):
            pytest.skip(f"too much else runs here to judge by {longest:.2f} s")
        assert longest < 1
    assert world.look(lambda: db.session.scalar(select(func.count()).select_from(Resource))) > 50_000


@contextmanager
def callbacks_meanwhile(world: World) -> Iterator[list[float]]:
    """Store events from another thread on another connection, and tell how many seconds each took."""
    waits: list[float] = []
    is_over = threading.Event()

    def receive() -> None:
        with world.app.app_context():
            while not is_over.wait(0.02):
                began = time.monotonic()
                with core_transaction() as connection:
                    store_events(connection, [_event(world)])
                waits.append(time.monotonic() - began)

    with ThreadPoolExecutor(1) as pool:
        receiving = pool.submit(receive)
        try:
            yield waits
        finally:
            is_over.set()
            receiving.result()


def _event(world: World) -> NewEvent:
    return NewEvent(
        key=secrets.token_hex(16),
        event_type="bpms_instance_change",
        kind="start",
        instance_id=secrets.token_hex(8),
        process_code="PROC-1",
        payload="{}",
        road=EventRoad.CALLBACK,
        owner_key_kind=OwnerKeyKind.CORP_ID,
        received_at=world.clock.now(),
    )


def _many(count: int, *, name: str) -> Iterable[str]:
    yield ",".join(each.value for each in Column)
    for n in range(count):
        yield (
            f"dashboard,id-{n:06},{name} {n} 报表,Room {n % 200},,user{n % 500},User {n % 500},"
            f"https://bi.example.com/view?id=id-{n:06},What it shows,,,private,"
        )
