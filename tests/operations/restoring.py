"""Backups made and restored as operators do it, in the place of a portal whose processes are stopped."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from portal.backups.engines import engine_of
from portal.backups.making import make_backup
from portal.backups.problems import BackupProblem
from portal.backups.restoring import restore_backup
from portal.extensions import db
from portal.migrating import migrate_database
from portal.settings import Settings
from tests.operations.processes import wait
from tests.portal_world import World
from tests.services.engines import database_beside


def backup_of(world: World, folder: Path, name: str = "portal.backup") -> Path:
    file = folder / name
    make_backup(world.settings, file)
    return file


def stop(world: World) -> None:
    """Let go of the database, as a stopped process does."""
    with world.app.app_context():
        db.engine.dispose()
    # The permits for calls to DingTalk have a connection of their own, for another second.
    wait(lambda: _is_alone(world.settings))


def _is_alone(settings: Settings) -> bool:
    try:
        with engine_of(settings).nobody_at_work():
            return True
    except BackupProblem:
        return False


def restore_in_place(world: World, file: Path) -> None:
    stop(world)
    restore_backup(world.settings, file, may_replace=True)
    migrate_database(world.app, world.settings)


@contextmanager
def empty_place(world: World, folder: Path, request: pytest.FixtureRequest) -> Iterator[Settings]:
    """Settings of a portal that has nothing yet, on the engine of ``world`` and with its secret key."""
    instance = folder / "another"
    instance.mkdir()
    if world.settings.is_sqlite:
        url = f"sqlite:///{instance / 'portal.sqlite3'}"
        yield replace(world.settings, instance_path=instance, database_url=url)
        return
    with database_beside(request.getfixturevalue("postgresql_url")) as url:
        url = url.replace("postgresql://", "postgresql+psycopg://")
        yield replace(world.settings, instance_path=instance, database_url=url)


def command(settings: Settings, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the `portal` command as an operator does."""
    return subprocess.run(
        [sys.executable, "-m", "portal", *arguments],
        env={
            **os.environ,
            "PORTAL_SECRET_KEY": settings.secret_key,
            "PORTAL_INSTANCE": str(settings.instance_path),
            "PORTAL_DATABASE_URL": settings.database_url,
            **environ,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
