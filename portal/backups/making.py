"""Making a backup, while the portal runs."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from portal.backups.archive import DUMP, scratch_folder, sha256_of, write_archive
from portal.backups.engines import engine_of
from portal.backups.manifest import Manifest
from portal.backups.problems import BackupProblem
from portal.secret_box import SecretBox
from portal.settings import Settings


def make_backup(settings: Settings, file: Path) -> Manifest:
    """Write the database of one moment to ``file``, readable by its owner only, and return what it says of itself.

    Needs room for an unpacked copy beside the database meanwhile. Raises ``BackupProblem``; there is no file then.
    """
    if file.exists():
        raise BackupProblem(f"{file} exists already.", "Choose another name: backups are not overwritten.")
    engine = engine_of(settings)
    try:
        with scratch_folder(engine.scratch_place()) as folder:
            dump = folder / DUMP
            made_at = datetime.now(UTC).isoformat(timespec="seconds")
            migration = engine.dump(dump)
            manifest = Manifest(
                engine=engine.name,
                migration=migration,
                portal_version=version("approval-portal"),
                made_at=made_at,
                dump_sha256=sha256_of(dump),
            )
            write_archive(file, dump=dump, manifest=manifest.to_json(SecretBox(settings.secret_key)))
    except OSError as error:
        raise BackupProblem(f"The backup could not be written: {error.strerror or error}.") from error
    return manifest
