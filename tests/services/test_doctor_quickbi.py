"""What the doctor says of Quick BI: not used, well, refused, shut, and people whom it does not know."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from portal.database import transaction
from portal.models import GrantTargetSettings
from portal.services.doctor.checks import CheckName, CheckState
from portal.services.doctor.findings import Found
from portal.services.doctor.quickbi_checks import QuickBIChecks
from portal.services.doctor.run import Run
from portal.settings import InitialQuickBI
from tests.portal_world import World
from tests.services.grant_story import known_people

KEY, SHARING, PEOPLE = CheckName.QUICKBI_KEY, CheckName.QUICKBI_SHARING, CheckName.QUICKBI_PEOPLE


@pytest.fixture(scope="module")
def shared_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.close()


@pytest.fixture
def world(shared_world: World) -> World:
    shared_world.reset()
    known_people(shared_world, "bob")
    connect(shared_world)
    return shared_world


def connect(world: World, *, is_usual_target: bool = False) -> None:
    with world.app.app_context():
        world.services.quickbi_settings.connect_initially(
            InitialQuickBI(
                endpoint=world.sandbox.url,
                access_key_id="LTAIsandboxQuickBI0001",
                access_key_secret="sandbox-secret-of-quick-bi",
            ),
            is_usual_target=is_usual_target,
        )


def disconnect(world: World) -> None:
    with world.app.app_context(), transaction() as session:
        session.delete(session.get_one(GrantTargetSettings, "quickbi"))


def found(world: World) -> dict[CheckName, Found]:
    """Look at the lines of Quick BI alone, the database taken as green."""
    with world.app.app_context():
        whole = {check.name: check for check in world.services.doctor.checks}
        checks = QuickBIChecks(connection=world.services.quickbi).checks()
        run = Run((whole[CheckName.DATABASE], *checks))
        return {check.name: run.result(check.name).verdict.found for check in checks}


def test_all_is_well_where_the_key_counts_and_people_are_known(world: World) -> None:
    assert found(world) == {
        KEY: Found.QUICKBI_ANSWERS,
        SHARING: Found.QUICKBI_SHARING_ON,
        PEOPLE: Found.QUICKBI_PEOPLE_KNOWN,
    }


def test_a_portal_without_quick_bi_does_not_need_it_unless_grants_go_there(world: World) -> None:
    disconnect(world)
    assert set(found(world).values()) == {Found.QUICKBI_NOT_USED}
    connect(world, is_usual_target=True)
    disconnect(world)
    assert found(world)[KEY] == Found.REFUSED


def test_one_fault_turns_one_line_red(world: World) -> None:
    world.control("PUT", "/settings", {"quickbi_caller_allowed": False})
    assert found(world) == {KEY: Found.REFUSED, SHARING: Found.WAITS, PEOPLE: Found.WAITS}


def test_workspaces_that_let_nothing_be_given_are_named(world: World) -> None:
    world.control("PATCH", "/quickbi/workspaces/ws-sales", {"allows_sharing": False})
    assert found(world)[SHARING] == Found.QUICKBI_SHARING_OFF


def test_people_without_a_bound_account_are_named(world: World) -> None:
    known_people(world, "eve")
    with world.app.app_context():
        checks = QuickBIChecks(connection=world.services.quickbi).checks()
        whole = {check.name: check for check in world.services.doctor.checks}
        verdict = Run((whole[CheckName.DATABASE], *checks)).result(PEOPLE).verdict
    assert verdict.state is CheckState.WARNING
    assert verdict.facts["names"] == "Eve Sun 孙怡"
