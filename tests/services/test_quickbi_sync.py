"""Reading the catalogue out of Quick BI: what it tells is so, what people said here stays, nothing is half read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal.database import transaction
from portal.extensions import db
from portal.grants.quickbi.options import QuickBIOptions
from portal.models import AuditEntry, GrantTargetSettings, Person, Resource, Workspace, WorkspaceMember
from portal.rules.eligibility import LevelOffer
from portal.rules.entitlement import Entitlement
from portal.services.catalogue.level_offers import level_offers
from portal.services.faults import Problem, ProblemReason
from portal.services.grants.quickbi_settings import QuickBIForm
from tests.portal_world import World, sandbox_config
from tests.services.engines import on_both_engines
from tests.services.story import actor_named, person_named


@pytest.fixture
def connected(world: World) -> World:
    """Quick BI is connected; Alice, Bob and Chen have signed in, Dora has not."""
    for person in ("alice", "bob", "chen"):
        world.client(person)
    with world.app.app_context():
        config = sandbox_config(world.folder)
        form = QuickBIForm(
            endpoint=world.sandbox.url,
            key_id=config.quickbi_key_id,
            secret=config.quickbi_key_secret,
            options=QuickBIOptions(),
            version=world.services.quickbi_settings.view().version,
        )
        world.services.quickbi_settings.save(actor_named("alice"), form)
    return world


def read(world: World) -> dict[str, Any]:
    with world.app.app_context():
        return world.services.quickbi_sync.read_all()


def resource(external_id: str) -> Resource:
    return db.session.scalars(select(Resource).filter_by(external_id=external_id)).one()


def levels_for(person: Person, external_id: str) -> tuple[LevelOffer, ...]:
    wanted = resource(external_id)
    return level_offers(db.session(), person=person, resources=[wanted])[wanted.id]


def fault(world: World, name: str, action: str, **more: object) -> None:
    world.control("POST", "/faults", {"fault": name, "operation": f"quickbi.{action}", **more})


@on_both_engines
def test_everything_of_quick_bi_stands_in_the_catalogue_and_again_changes_nothing(connected: World) -> None:
    with connected.app.app_context(), transaction() as session:
        for each in session.scalars(select(Resource)):
            session.delete(each)
    first = read(connected)
    assert first["failures"] == []
    assert first["failure"] is None
    assert first["counts"]["new"] >= 7
    with connected.app.app_context():
        sales = resource("sales-overview")
        assert (sales.resource_type, sales.source, sales.workspace) == ("dashboard", "quickbi", "Sales 销售")
        assert sales.owner is not None
        assert sales.owner.user_id == "chen"
        assert resource("orders").resource_type == "dataset"
        assert resource("regional-revenue").edit_permission == "private"
    again = read(connected)
    assert (again["counts"]["new"], again["counts"]["changed"], again["counts"]["gone"]) == (0, 0, 0)


@on_both_engines
def test_people_and_members_are_known_afterwards_and_bound_what_can_be_asked(connected: World) -> None:
    read(connected)
    with connected.app.app_context():
        bob = person_named("bob")
        assert (bob.user_type, bool(bob.quickbi_user_id)) == ("analyst", True)
        home = resource("supply-chain").workspace_id
        assert db.session.get(WorkspaceMember, (home, bob.id)) is None
        offers = {each.level: each for each in levels_for(bob, "supply-chain")}
        assert offers[Entitlement.EDIT].refusal == "not_a_member"
        assert offers[Entitlement.VIEW].refusal is None
        assert all(each.refusal is None for each in levels_for(bob, "monthly-targets"))


def test_what_was_said_by_hand_stays(connected: World) -> None:
    with connected.app.app_context(), transaction() as session:
        kept = resource("sales-overview")
        kept.confirmation, kept.target, kept.description = "Be careful", "manual", "What it shows"
        kept.name = "Another name"
        member = session.scalars(select(WorkspaceMember)).one()
        assert (member.role, member.is_given_here) == ("administrator", True)
        member.role = "viewer"
    link = connected.look(lambda: resource("sales-overview").link)
    read(connected)
    with connected.app.app_context():
        kept = resource("sales-overview")
        assert (kept.confirmation, kept.target, kept.description) == ("Be careful", "manual", "What it shows")
        assert (kept.name, kept.link) == ("Sales overview 销售总览", link)
        chen = db.session.get_one(WorkspaceMember, (kept.workspace_id, person_named("chen").id))
        assert chen.role == "viewer"


@on_both_engines
def test_owners_stay_where_quick_bi_knows_nobody_of_ours_yet(connected: World) -> None:
    with connected.app.app_context(), transaction() as session:
        for person in session.scalars(select(Person)):
            person.union_id = person.quickbi_user_id = None
        before = {each.id: each.owner_id for each in session.scalars(select(Resource))}
    read(connected)
    with connected.app.app_context():
        after = {each.id: each.owner_id for each in db.session.scalars(select(Resource)) if each.id in before}
        assert after == before
        assert db.session.scalars(select(Person).where(Person.corp_id.is_(None))).all() == []


def test_what_vanished_is_gone_and_comes_back_but_what_was_retired_by_hand_does_not(connected: World) -> None:
    read(connected)
    with connected.app.app_context():
        alice = person_named("alice")
        connected.services.resource_keeping.retire(actor_named("alice"), alice, resource("orders").id)
    connected.control("DELETE", "/quickbi/works/supply-chain")
    assert read(connected)["counts"]["gone"] == 1
    with connected.app.app_context():
        assert resource("supply-chain").gone_at is not None
        assert resource("orders").gone_at is not None
        assert (
            connected.services.catalogue.find(resource_type="dashboard", external_id="supply-chain") is None
        )
        told = db.session.scalars(select(AuditEntry).filter_by(action="resource.gone")).one()
        assert told.subject_id == str(resource("supply-chain").id)


def test_a_workspace_that_stops_sharing_is_known_to(connected: World) -> None:
    connected.control("PATCH", "/quickbi/workspaces/ws-sales", {"allows_sharing": False})
    read(connected)
    with connected.app.app_context():
        home = db.session.scalars(select(Workspace).filter_by(external_id="ws-sales")).one()
        assert not home.allows_sharing
        offers = levels_for(person_named("bob"), "sales-overview")
        assert {each.refusal for each in offers} == {"sharing_off"}


def test_a_workspace_that_cannot_be_read_is_told_and_spoils_no_other(connected: World) -> None:
    fault(connected, "http_500_before", "QueryDatasetList", times=1)
    report = read(connected)
    assert len(report["failures"]) == 1
    assert report["counts"]["workspaces"] == 3
    assert report["counts"]["gone"] == 0
    with connected.app.app_context():
        assert connected.services.quickbi_sync.go_round() == timedelta(hours=24)
        assert (connected.services.quickbi_sync.view().report or {})["failures"] == []


def test_a_key_that_is_refused_changes_nothing_and_is_told(connected: World) -> None:
    before = connected.look(lambda: [each.gone_at for each in db.session.scalars(select(Resource))])
    fault(connected, "permission_missing", "QueryOrganizationWorkspaceList", times=1)
    report = read(connected)
    assert report["failure"]["kind"] == "quickbi_caller_not_allowed"
    assert connected.look(lambda: [each.gone_at for each in db.session.scalars(select(Resource))]) == before
    assert connected.look(lambda: db.session.get_one(GrantTargetSettings, "quickbi").synced_at) is None


def test_the_worker_reads_when_asked_and_once_a_day_and_not_more_often(connected: World) -> None:
    sync = connected.services.quickbi_sync
    with connected.app.app_context():
        assert sync.go_round() > timedelta(hours=23)
        first = db.session.get_one(GrantTargetSettings, "quickbi").synced_at
        assert first is not None
    connected.let_pass(hours=1)
    with connected.app.app_context():
        assert timedelta(hours=22) < sync.go_round() < timedelta(hours=24)
        assert db.session.get_one(GrantTargetSettings, "quickbi").synced_at == first
        sync.ask(actor_named("alice"))
        with pytest.raises(Problem) as problem:
            sync.ask(actor_named("alice"))
        assert problem.value.reason == ProblemReason.SYNC_IS_RUNNING
        sync.go_round()
        assert db.session.get_one(GrantTargetSettings, "quickbi").synced_at != first
        sync.ask(actor_named("alice"))


def test_without_quick_bi_nothing_is_read_and_asking_says_so(world: World) -> None:
    world.client("alice")
    with world.app.app_context():
        assert world.services.quickbi_sync.go_round() == timedelta(hours=24)
        with pytest.raises(Problem) as problem:
            world.services.quickbi_sync.ask(actor_named("alice"))
        assert problem.value.reason == ProblemReason.QUICKBI_NOT_CONNECTED
