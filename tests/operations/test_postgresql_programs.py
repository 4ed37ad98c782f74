"""PostgreSQL's own programs: what is missing is named, no secret is told, and a failure changes nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import func, make_url, select

from portal.backups.making import make_backup
from portal.backups.problems import BackupProblem
from portal.backups.restoring import restore_backup
from portal.extensions import db
from portal.models import Resource
from tests.operations.restoring import backup_of, stop
from tests.portal_world import SECRET_KEY, World

pytestmark = pytest.mark.parametrize(
    "shared_world", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True
)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which programs are found first."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def put(folder: Path, name: str, script: str) -> None:
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_a_missing_program_is_named_with_what_to_install(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        BackupProblem, match=r"pg_dump is not installed[\s\S]*apt-get install postgresql-client"
    ):
        make_backup(world.settings, tmp_path / "portal.backup")


def test_a_program_older_than_the_server_is_refused(world: World, tmp_path: Path, programs: Path) -> None:
    put(programs, "pg_dump", "echo 'pg_dump (PostgreSQL) 9.6.24'")
    with pytest.raises(
        BackupProblem, match=r"pg_dump is older than the server[\s\S]*Install postgresql-client-"
    ):
        make_backup(world.settings, tmp_path / "portal.backup")


def test_the_password_is_in_no_command_line_and_our_own_secrets_are_not_handed_on(
    world: World, tmp_path: Path, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTAL_SECRET_KEY", SECRET_KEY)
    told = tmp_path / "told"
    put(
        programs,
        "pg_dump",
        f'[ "$1" = --version ] && echo "pg_dump (PostgreSQL) 99.0" && exit\n'
        f'echo "$@" >{told}.arguments; env >{told}.environment\necho "pg_dump: error: no" >&2; exit 1',
    )
    with pytest.raises(BackupProblem, match="pg_dump: error: no") as problem:
        make_backup(world.settings, tmp_path / "portal.backup")
    password = make_url(world.settings.database_url).password
    environ = Path(f"{told}.environment").read_text()
    assert f"PGPASSWORD={password}" in environ
    assert str(password) not in Path(f"{told}.arguments").read_text() + str(problem.value)
    assert SECRET_KEY not in environ


def test_a_restore_that_is_cut_off_leaves_everything_as_it_was(
    world: World, tmp_path: Path, programs: Path
) -> None:
    file = backup_of(world, tmp_path)
    stop(world)
    before = world.look(count)
    stop(world)
    put(
        programs,
        "psql",
        f'[ "$1" = --version ] && exec {shutil.which("psql", path="/usr/bin")} "$@"\n'
        'sed "/CREATE INDEX/,\\$d" | /usr/bin/psql "$@"; exit 3',
    )
    with pytest.raises(BackupProblem, match="Nothing was changed"):
        restore_backup(world.settings, file, may_replace=True)
    assert world.look(count) == before > 0


def count() -> int:
    return db.session.scalar(select(func.count()).select_from(Resource)) or 0
