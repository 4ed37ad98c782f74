"""From an approval to access in Quick BI and back: the whole portal, its settings and the pretended Quick BI."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import text

from portal.database import transaction
from portal.extensions import db
from portal.grants.quickbi.options import QuickBIOptions
from portal.grants.quickbi.refusals import Refusal
from portal.models import GrantTargetSettings
from portal.rules.grant_state import GrantState
from portal.services.audit import PORTAL
from portal.services.grants.quickbi_settings import QuickBIForm
from portal.settings import InitialQuickBI, SettingsError
from tests.portal_world import World
from tests.services.grant_story import advance, approved, grant, known_people
from tests.services.story import actor_named, person_named

SECRET = "sandbox-secret-of-quick-bi"


@pytest.fixture(scope="module")
def shared_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.close()


@pytest.fixture
def world(shared_world: World) -> World:
    shared_world.reset()
    known_people(shared_world, "bob", "chen")
    connect(shared_world)
    return shared_world


def connect(world: World, *, endpoint: str = "", secret: str = SECRET) -> None:
    with world.app.app_context():
        world.services.quickbi_settings.connect_initially(
            InitialQuickBI(
                endpoint=endpoint or world.sandbox.url,
                access_key_id="LTAIsandboxQuickBI0001",
                access_key_secret=secret,
            )
        )


def readers(world: World, work_id: str = "sales-overview") -> list[str]:
    works = world.control("GET", "/quickbi")["works"]
    return next(each["readers"] for each in works if each["work_id"] == work_id)


def test_an_approval_becomes_access_and_ends_there_on_time(world: World) -> None:
    made = approved(world)
    assert "bob" not in readers(world)
    advance(world, made)
    assert grant(world, made).state == GrantState.ACTIVE
    assert "bob" in readers(world)
    world.let_pass(days=7, minutes=1)
    with world.app.app_context(), transaction() as session:
        session.execute(text("UPDATE portal_grant SET due_at = expires_at"))
    advance(world, made)
    assert grant(world, made).state == GrantState.EXPIRED
    assert "bob" not in readers(world)


def test_a_refusal_waits_for_its_remedy_and_goes_on_once_an_admin_gave_it(world: World) -> None:
    made = approved(world, resource="regional-revenue", entitlement="edit")
    advance(world, made)
    failing = grant(world, made)
    assert (failing.state, (failing.failure or {})["kind"]) == (GrantState.FAILING, Refusal.EDIT_ON_PRIVATE)
    assert failing.due_at is None
    with world.app.app_context():
        settings = world.services.quickbi_settings
        view = settings.view()
        form = QuickBIForm(
            endpoint=view.endpoint,
            key_id=view.key_id,
            secret="",
            options=replace(view.options, edit_on_private="set_specified"),
            version=view.version,
        )
        settings.save(PORTAL, form)
    advance(world, made)
    assert grant(world, made).state == GrantState.ACTIVE
    assert "bob" in readers(world, "regional-revenue")


def test_what_quick_bi_leaves_to_hands_is_a_task_of_the_owner_until_it_is_given(world: World) -> None:
    with world.app.app_context():
        settings = world.services.quickbi_settings
        view = settings.view()
        options = replace(view.options, when_not_settled="by_hand")
        form = QuickBIForm(
            endpoint=view.endpoint, key_id=view.key_id, secret="", options=options, version=view.version
        )
        settings.save(PORTAL, form)
    made = approved(world, resource="orders", entitlement="use")
    advance(world, made)
    tasks = world.services.grant_tasks
    with world.app.app_context():
        chen = person_named("chen")
        assert [each.id for each in tasks.waiting(chen)] == [made]
        tasks.confirm(actor_named("chen"), chen, int(made or 0))
    assert grant(world, made).state == GrantState.ACTIVE


def test_the_secret_is_sealed_and_a_wrong_one_is_told_by_the_check(world: World) -> None:
    with world.app.app_context():
        row = db.session.get_one(GrantTargetSettings, "quickbi")
        assert "sandbox-secret" not in f"{row.options} {row.secret_sealed}"
        settings = world.services.quickbi_settings
        assert settings.check_connection(PORTAL) is None
        view = settings.view()
        form = QuickBIForm(
            endpoint=view.endpoint,
            key_id=view.key_id,
            secret="another-secret",
            options=QuickBIOptions(),
            version=view.version,
        )
        assert "another-secret" not in repr(form)
        settings.save(PORTAL, form)
        failure = settings.check_connection(PORTAL)
        assert failure is not None
        assert failure.kind == "quickbi_credentials_wrong"
        assert failure.sentence.startswith("Quick BI API call failed[QueryOrganizationWorkspaceList]")


def test_a_first_key_from_the_environment_counts_once_and_has_to_be_safe(world: World) -> None:
    connect(world, secret="another-secret")
    with world.app.app_context():
        assert world.services.quickbi_settings.check_connection(PORTAL) is None
        with transaction() as session:
            session.delete(session.get_one(GrantTargetSettings, "quickbi"))
    with pytest.raises(SettingsError, match="QUICKBI_ENDPOINT"):
        connect(world, endpoint="http://quickbi.example.com")
