"""``portal resources``: files in and out on the command line, with exit codes for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from portal.cli import portal
from portal.extensions import db
from portal.models import AuditEntry, Resource
from tests.portal_world import World

FIRST = "resource_type,external_id,name\n"


@pytest.fixture
def folder(world: World, tmp_path: Path) -> Path:
    return tmp_path


def run(world: World, *arguments: str | Path) -> Result:
    environment = {name: value for name, value in world.environment.items() if value}
    return CliRunner(env=environment).invoke(portal, ["resources", *map(str, arguments)])


def test_a_file_is_looked_at_or_taken_in(world: World, folder: Path) -> None:
    file = folder / "resources.csv"
    file.write_text(f"{FIRST}dashboard,new,New 新\n", encoding="utf-8")
    looked = run(world, "import", file, "--dry-run")
    assert looked.exit_code == 0, looked.output
    assert "1 lines: 1 new" in looked.output
    assert "Nothing was changed." in looked.output
    taken = run(world, "import", file, "--json")
    assert taken.exit_code == 0
    assert json.loads(taken.stdout)["applied"] is True
    with world.app.app_context():
        assert db.session.scalars(select(Resource).filter_by(external_id="new")).one().name == "New 新"
        entry = db.session.scalars(select(AuditEntry).filter_by(action="catalogue.imported")).one()
        assert (entry.actor_name, (entry.after or {})["file"]) == ("portal", "resources.csv")


def test_lines_with_faults_end_with_one_and_unreadable_files_with_two(world: World, folder: Path) -> None:
    file = folder / "resources.csv"
    file.write_text(f"{FIRST}dashboard,fine,Fine\nhologram,x,X\n", encoding="utf-8")
    faulty = run(world, "import", file)
    assert faulty.exit_code == 1
    assert "Line 3, resource_type" in faulty.stderr
    file.write_bytes(b"a\x00b")
    for unreadable in (file, folder / "nowhere.csv", folder):
        refused = run(world, "import", unreadable, "--json")
        assert refused.exit_code == 2, refused.output
        assert "Traceback" not in refused.output
    assert world.look(lambda: db.session.scalar(select(Resource.id).filter_by(external_id="fine"))) is None


def test_what_was_exported_can_be_imported_again_and_changes_nothing(world: World, folder: Path) -> None:
    file = folder / "catalogue.csv"
    exported = run(world, "export", file)
    assert exported.exit_code == 0, exported.output
    again = run(world, "import", file, "--json")
    assert again.exit_code == 0, again.output
    counts = json.loads(again.stdout)["counts"]
    assert (counts["new"], counts["changed"], counts["untouched"]) == (0, 0, 0)
    assert run(world, "export", folder / "no such folder" / "file.csv").exit_code == 2
    assert list(folder.iterdir()) == [file]
