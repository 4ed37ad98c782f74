"""Who works on a SQLite file: whoever puts another in its place must know that nobody does."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from portal.settings import Settings


class DatabaseInUse(Exception):
    """A process of the portal is working on this SQLite file."""


@contextmanager
def at_work(settings: Settings) -> Iterator[None]:
    """Say that this process works on the database; on PostgreSQL the server knows by itself."""
    if not settings.is_sqlite:
        yield
        return
    settings.instance_path.mkdir(parents=True, exist_ok=True)
    with (settings.instance_path / "at-work.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


@contextmanager
def nobody_else(settings: Settings) -> Iterator[None]:
    """Keep others out; raises ``DatabaseInUse``. SQLite only."""
    with (settings.instance_path / "at-work.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DatabaseInUse from error
        yield
