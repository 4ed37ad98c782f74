"""Roles are given and taken on the server, too."""

from __future__ import annotations

from click.testing import CliRunner

from portal.cli import portal
from tests.portal_world import World
from tests.web.people.browsing import audited, roles_of


def run(world: World, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(portal, ["people", *words], env=world.environment)
    return done.exit_code, done.output


def test_roles_are_given_and_taken_by_command(world: World) -> None:
    assert run(world, "give-role", "dora", "auditor")[0] == 0
    assert roles_of(world, "dora") == {"auditor"}
    assert run(world, "give-role", "dora", "auditor")[0] == 0
    assert run(world, "take-role", "dora", "auditor")[0] == 0
    assert roles_of(world, "dora") == set()
    assert [actor for actor, _told in audited(world, "role.taken")] == ["portal"]


def test_what_cannot_be_done_is_said(world: World) -> None:
    code, said = run(world, "take-role", "alice", "organization_admin")
    assert (code, "last organization admin" in said) == (1, True)
    assert roles_of(world, "alice") == {"organization_admin"}
    code, said = run(world, "give-role", "dora", "king")
    assert (code, "There is no role king" in said) == (1, True)
    assert run(world, "take-role", "nobody-at-all", "auditor")[0] == 1
