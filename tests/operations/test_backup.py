"""A backup holds one moment of a portal that runs, and a restore brings that moment back or changes nothing."""

from __future__ import annotations

import json
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask_migrate import upgrade
from sqlalchemy import create_engine, func, select, text

from portal.application import create_app
from portal.backups.making import make_backup
from portal.backups.problems import BackupProblem
from portal.backups.restoring import restore_backup
from portal.database import engine_options, transaction
from portal.extensions import db
from portal.migrating import MIGRATIONS, migrate_database, migration_head
from portal.models import AuditEntry, Resource, WorkerHeartbeat
from portal.models.base import Base
from portal.settings import Settings
from tests.operations.restoring import backup_of, command, empty_place, restore_in_place, stop
from tests.portal_world import APP_SECRET, World
from tests.services.engines import on_both_engines
from tests.services.story import set_up, started

pytestmark = on_both_engines

# What a restore changes on purpose.
NOT_BROUGHT_BACK = {
    "portal_sign_in_session",
    "portal_worker_heartbeat",
    "portal_audit_entry",
    "portal_approval",
}


@pytest.fixture
def place(world: World, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Settings]:
    with empty_place(world, tmp_path, request) as settings:
        yield settings


def test_everything_is_brought_back_by_the_command(world: World, place: Settings, tmp_path: Path) -> None:
    set_up(world)
    started(world)
    file = tmp_path / "portal.backup"

    made = command(world.settings, "backup", str(file))
    assert made.returncode == 0, made.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    restored = command(place, "restore", str(file))
    assert restored.returncode == 0, restored.stderr

    with rows_of(place) as read:
        for table in Base.metadata.sorted_tables:
            if table.name not in NOT_BROUGHT_BACK:
                assert read(table) == world.look(lambda t=table: rows(db.session.connection(), t)), table.name
        (secret,) = [row["app_secret_sealed"] for row in read(Base.metadata.tables["portal_dingtalk_app"])]
        last = read(Base.metadata.tables["portal_audit_entry"])[-1]
    assert APP_SECRET not in secret
    assert (last["action"], last["after"]["migration"]) == ("backup.restored", migration_head())
    assert not leftovers(place, world.settings, tmp_path)


def test_a_backup_is_one_moment_of_a_database_that_is_written_to(
    world: World, place: Settings, tmp_path: Path
) -> None:
    is_over = threading.Event()

    def write() -> None:
        number = 0
        while not is_over.is_set():
            number += 1
            with world.app.app_context(), transaction() as session:
                add_resource(session, f"first-{number}")
                session.flush()
                add_resource(session, f"second-{number}")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        files = [backup_of(world, tmp_path, f"{each}.backup") for each in range(3)]
    finally:
        is_over.set()
        writer.join(30)
    for file in files:
        restore_backup(place, file, may_replace=True)
        with rows_of(place) as read:
            names = [row["external_id"] for row in read(Resource.__table__)]
        firsts = {name.split("-")[1] for name in names if name.startswith("first-")}
        assert firsts == {name.split("-")[1] for name in names if name.startswith("second-")}


def test_a_database_that_is_not_empty_is_replaced_only_when_told(world: World, tmp_path: Path) -> None:
    file = backup_of(world, tmp_path)
    with world.app.app_context(), transaction() as session:
        add_resource(session, "since")
    stop(world)
    with pytest.raises(BackupProblem, match="There is a database already"):
        restore_backup(world.settings, file, may_replace=False)
    assert world.look(lambda: count_of("since")) == 1

    restore_in_place(world, file)
    assert world.look(lambda: count_of("since")) == 0
    if world.settings.is_sqlite:
        (kept,) = world.settings.instance_path.glob("portal.sqlite3.replaced-*")
        before = replace(world.settings, database_url=f"sqlite:///{kept}")
        with rows_of(before) as read:
            assert "since" in [row["external_id"] for row in read(Resource.__table__)]
        kept.unlink()


def test_nothing_is_overwritten_while_a_process_of_the_portal_is_connected(
    world: World, tmp_path: Path
) -> None:
    file = backup_of(world, tmp_path)
    with world.app.app_context():
        add_resource(db.session, "unfinished")
        db.session.execute(text("SELECT 1"))
        with pytest.raises(BackupProblem, match="Stop `portal serve` and `portal worker`"):
            restore_backup(world.settings, file, may_replace=True)
        db.session.rollback()
    assert world.client("bob").get("/requests").status_code == 200


def test_a_secret_key_that_does_not_fit_is_found_before_anything_is_overwritten(
    world: World, tmp_path: Path
) -> None:
    file = backup_of(world, tmp_path)
    stop(world)
    other = replace(world.settings, secret_key="another secret key, long enough to be taken")
    with pytest.raises(BackupProblem, match="PORTAL_SECRET_KEY is not the one"):
        restore_backup(other, file, may_replace=True)
    assert not leftovers(world.settings, world.settings, tmp_path)
    assert world.client("bob").get("/requests").status_code == 200


def test_a_backup_that_was_altered_or_cut_off_is_refused(world: World, tmp_path: Path) -> None:
    file = backup_of(world, tmp_path)
    stop(world)
    for name, spoilt in spoilt_copies(file, tmp_path).items():
        with pytest.raises(BackupProblem, match=r"altered|damaged|not a backup"):
            restore_backup(world.settings, spoilt, may_replace=True)
        assert world.look(lambda: db.session.scalar(select(func.count()).select_from(Resource))), name
        stop(world)


def test_a_backup_of_a_newer_portal_is_refused(world: World, tmp_path: Path) -> None:
    with world.app.app_context(), transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        file = backup_of(world, tmp_path)
    finally:
        with world.app.app_context(), transaction() as session:
            session.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": migration_head()})
    stop(world)
    with pytest.raises(BackupProblem, match="made by a newer portal"):
        restore_backup(world.settings, file, may_replace=True)


def test_an_older_backup_is_migrated(world: World, place: Settings, tmp_path: Path) -> None:
    old = create_app(place)
    with old.app_context():
        upgrade(directory=str(MIGRATIONS), revision="0001")
        db.engine.dispose()
    file = tmp_path / "old.backup"
    make_backup(place, file)
    restore_backup(place, file, may_replace=True)
    migrate_database(old, place)
    with old.app_context():
        db.engine.dispose()
    with rows_of(place) as read:
        assert read(Base.metadata.tables["portal_chore"]) == []


def test_sessions_and_workers_of_that_time_are_gone(world: World, tmp_path: Path) -> None:
    client = world.client("bob")
    with world.app.app_context():
        world.services.health.beat("gone")
    file = backup_of(world, tmp_path)
    assert client.get("/requests").status_code == 200
    restore_in_place(world, file)
    assert client.get("/requests").status_code == 302 or "sign-in" in client.get("/requests").location
    assert world.look(lambda: db.session.scalar(select(func.count()).select_from(WorkerHeartbeat))) == 0
    assert world.look(lambda: db.session.scalars(select(AuditEntry.action)).all())[-1] == "backup.restored"


def test_a_damaged_database_is_replaced_and_kept_with_its_log(
    world: World, place: Settings, tmp_path: Path
) -> None:
    if not world.settings.is_sqlite:
        pytest.skip("a server looks after its own files")
    file, damaged = backup_of(world, tmp_path), place.instance_path / "portal.sqlite3"
    damaged.write_bytes(b"not a database" * 500)
    damaged.with_name("portal.sqlite3-wal").write_bytes(b"the log of another")
    with pytest.raises(BackupProblem, match="There is a database already"):
        restore_backup(place, file, may_replace=False)
    restored = restore_backup(place, file, may_replace=True)
    assert restored.replaced is not None
    assert restored.replaced.read_bytes().startswith(b"not a database")
    assert Path(f"{restored.replaced}-wal").read_bytes() == b"the log of another"
    with rows_of(place) as read:
        assert read(Resource.__table__)


def test_a_backup_never_overwrites_a_file(world: World, tmp_path: Path) -> None:
    file = tmp_path / "mine"
    file.write_text("precious")
    with pytest.raises(BackupProblem, match="exists already"):
        make_backup(world.settings, file)
    assert file.read_text() == "precious"


def test_what_cannot_be_written_leaves_nothing_behind(world: World, tmp_path: Path) -> None:
    with pytest.raises(BackupProblem, match="could not be written"):
        make_backup(world.settings, tmp_path / "no such folder" / "portal.backup")
    assert not leftovers(world.settings, world.settings, tmp_path)


def spoilt_copies(file: Path, folder: Path) -> dict[str, Path]:
    """Copies of a backup with a byte changed, its end missing, its facts changed, and something else altogether."""
    whole = file.read_bytes()
    flipped, middle = bytearray(whole), len(whole) // 2
    flipped[middle] ^= 0xFF
    copies = {"flipped": bytes(flipped), "cut off": whole[:middle], "else": b"not a zip", "empty": b""}
    paths = {name: folder / f"{name}.backup" for name in (*copies, "facts", "dump")}
    for name, content in copies.items():
        paths[name].write_bytes(content)
    with zipfile.ZipFile(file) as archive:
        facts, dump = json.loads(archive.read("manifest.json")), archive.read("dump")
    with zipfile.ZipFile(paths["facts"], "w") as archive:
        archive.writestr("manifest.json", json.dumps({**facts, "made_at": "2020-01-01T00:00:00+00:00"}))
        archive.writestr("dump", dump)
    with zipfile.ZipFile(paths["dump"], "w") as archive:
        archive.writestr("manifest.json", json.dumps(facts))
        archive.writestr("dump", dump + b"more")
    return paths


def leftovers(*places: Settings | Path) -> list[Path]:
    folders = {each.instance_path if isinstance(each, Settings) else each for each in places}
    return [path for folder in folders for path in folder.glob(".*") if path.name != ".lock"]


def add_resource(session: Any, external_id: str) -> None:
    session.add(Resource(resource_type="dashboard", external_id=external_id, name=external_id))


def count_of(external_id: str) -> int:
    return db.session.scalar(select(func.count()).where(Resource.external_id == external_id)) or 0


@contextmanager
def rows_of(settings: Settings) -> Iterator[Any]:
    """Read the tables of a database that no process works on."""
    engine = create_engine(settings.database_url, **engine_options(settings.database_url))
    with engine.connect() as connection:
        yield lambda table: rows(connection, table)
    engine.dispose()


def rows(connection: Any, table: Any) -> list[dict[str, Any]]:
    ordered = select(table).order_by(*table.primary_key.columns)
    return [dict(row) for row in connection.execute(ordered).mappings()]
