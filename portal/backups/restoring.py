"""Restoring a backup: everything that can be wrong with it is found before anything is overwritten."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from portal.backups.aftermath import statements
from portal.backups.archive import DUMP, extract_dump, read_manifest, scratch_folder
from portal.backups.database_engine import DatabaseEngine
from portal.backups.engines import engine_of
from portal.backups.manifest import Manifest
from portal.backups.problems import BackupProblem
from portal.migrating import known_migrations
from portal.secret_box import SecretBox
from portal.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What was restored, and where the file that it replaced is kept (SQLite)."""

    manifest: Manifest
    replaced: Path | None


def restore_backup(settings: Settings, file: Path, *, may_replace: bool) -> Restored:
    """Put a backup into the place of the database; its tables are as old as the backup, migrate them afterwards.

    ``may_replace`` says whether a database that is not empty may be replaced. Raises ``BackupProblem``, and then
    nothing was changed.
    """
    settings.instance_path.mkdir(parents=True, exist_ok=True)
    engine = engine_of(settings)
    try:
        manifest = Manifest.from_json(read_manifest(file), SecretBox(settings.secret_key))
        _check_fits(manifest, engine)
        engine.scratch_place().mkdir(parents=True, exist_ok=True)
        with scratch_folder(engine.scratch_place()) as folder:
            dump = folder / DUMP
            extract_dump(file, to=dump, sha256=manifest.dump_sha256)
            engine.check(dump, migration=manifest.migration)
            with engine.nobody_at_work():
                if not may_replace and not engine.is_empty():
                    raise BackupProblem(
                        "There is a database already.",
                        "Make a backup of it if you may need it, then use --replace.",
                    )
                return Restored(
                    manifest=manifest, replaced=engine.load(dump, afterwards=statements(manifest))
                )
    except OSError as error:
        raise BackupProblem(f"The backup could not be restored: {error.strerror or error}.") from error


def _check_fits(manifest: Manifest, engine: DatabaseEngine) -> None:
    if manifest.engine != engine.name:
        raise BackupProblem(
            f"This backup is of {manifest.engine.value}, and PORTAL_DATABASE_URL names {engine.name.value}.",
            "A backup is restored into the engine that it was made of.",
        )
    if manifest.migration not in known_migrations():
        raise BackupProblem(
            f"This backup was made by a newer portal ({manifest.portal_version}).",
            "Install that version or a newer one, then restore.",
        )
