"""The page about roles says what the table of the portal says."""

from __future__ import annotations

import re
from pathlib import Path

from portal.models.person import Role
from portal.rules.permissions import ROLES_WITH, Permission

PAGE = Path(__file__).parents[2] / "docs" / "roles.md"


def rows() -> list[list[str]]:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_page_has_a_column_for_every_role() -> None:
    assert rows()[0][1:] == [role.value for role in Role]


def test_the_page_says_of_every_permission_who_has_it() -> None:
    told = {}
    for name, *cells in rows()[2:]:
        permission = re.match(r"`(\w+)`", name)
        assert permission, name
        told[permission[1]] = {role.value for role, cell in zip(Role, cells, strict=True) if cell == "yes"}
    assert told == {permission.value: set(ROLES_WITH[permission]) for permission in Permission}
