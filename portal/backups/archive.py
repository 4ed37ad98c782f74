"""The file a backup is kept in: a zip of the dump and its manifest, whole or not there at all."""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from portal.backups.problems import BackupProblem

MANIFEST = "manifest.json"
DUMP = "dump"
CHUNK_BYTES = 1024 * 1024
# What zipfile raises for a file that is no zip, a strange one, or one with bytes changed.
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    KeyError,
    UnicodeDecodeError,
    EOFError,
    NotImplementedError,
    RuntimeError,
)
LARGEST_MANIFEST_BYTES = 64 * 1024


def write_archive(file: Path, *, dump: Path, manifest: str) -> None:
    """Write ``file``, readable by its owner only: under another name first, on the disk before it gets its own."""
    unfinished = file.with_name(f".{file.name}.{os.getpid()}.unfinished")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as raw:
            with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                archive.writestr(MANIFEST, manifest)
                archive.write(dump, DUMP)
            raw.flush()
            os.fsync(raw.fileno())
        unfinished.rename(file)
        sync_folder(file.parent)
    finally:
        unfinished.unlink(missing_ok=True)


def read_manifest(file: Path) -> str:
    """Return the manifest's text; raises ``BackupProblem`` when ``file`` is not a backup."""
    with _opened(file) as archive, archive.open(MANIFEST) as text:
        return text.read(LARGEST_MANIFEST_BYTES).decode()


def extract_dump(file: Path, *, to: Path, sha256: str) -> None:
    """Unpack the dump; raises ``BackupProblem`` unless it is the one the manifest names."""
    digest = hashlib.sha256()
    with _opened(file) as archive, archive.open(DUMP) as packed, to.open("wb") as unpacked:
        while chunk := packed.read(CHUNK_BYTES):
            digest.update(chunk)
            unpacked.write(chunk)
    if digest.hexdigest() != sha256:
        raise BackupProblem("The backup is damaged: its checksum is wrong.", "Use another one.")


def sha256_of(file: Path) -> str:
    """Return the checksum of a file in hex."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """Make new names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def scratch_folder(beside: Path) -> Iterator[Path]:
    """Make a folder that nobody else can read, on the same disk, gone afterwards."""
    folder = Path(mkdtemp(prefix=".portal-backup-", dir=beside))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _opened(file: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except FileNotFoundError as error:
        raise BackupProblem(f"There is no file {file}.") from error
    except UNREADABLE as error:
        raise BackupProblem("This is not a backup of the portal, or it is damaged.") from error
