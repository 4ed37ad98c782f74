"""What backup and restore ask of a database engine."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from portal.backups.manifest import EngineName


class DatabaseEngine(Protocol):
    """One engine. Every method may raise ``BackupProblem``, before anything is overwritten."""

    name: EngineName

    def scratch_place(self) -> Path:
        """Return a folder with room for a dump."""

    def dump(self, to: Path) -> str:
        """Write what the database holds at one moment, while others work on it; return its migration."""

    def check(self, dump: Path, *, migration: str) -> None:
        """Prove that a dump can be read and is at ``migration``."""

    def nobody_at_work(self) -> AbstractContextManager[None]:
        """Keep every process of the portal out, or raise because one is running."""

    def is_empty(self) -> bool:
        """Whether there is nothing that a restore would overwrite; asked while nobody is at work."""

    def load(self, dump: Path, *, afterwards: Sequence[str]) -> Path | None:
        """Put the dump in the place of what is there, with ``afterwards`` run on it, at once or not at all.

        Returns where what was replaced is kept, if it is.
        """
