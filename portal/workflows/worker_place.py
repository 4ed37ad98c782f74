"""The place a worker takes: an id that is its own for as long as it lives, and that it finds again.

The queue knows work by the worker that runs it. Two living workers of one id would take each other's work for
left behind; a worker that comes back under its old id goes on at once with what it left.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from portal.process_place import id_here, numbered_place, take_place
from portal.settings import Settings


class WorkerAlreadyRunning(Exception):
    """The place is taken; ``lines`` say which one and what to do."""

    def __init__(self, *lines: str) -> None:
        super().__init__(" ".join(lines))
        self.lines = lines


@contextmanager
def worker_place(settings: Settings) -> Iterator[str]:
    """Take a place and yield the worker's id; it is free again when the process ends, however that happens.

    Places are locked files in the instance folder: ``worker.lock`` for the only worker of a SQLite database,
    ``worker-<id>.lock`` where ``PORTAL_WORKER_ID`` is given, else the first free of ``worker-1.lock``,
    ``worker-2.lock`` … Raises ``WorkerAlreadyRunning``.
    """
    with ExitStack() as held:
        if settings.is_sqlite:
            yield _only_place(held, settings)
        elif settings.worker_id:
            yield _named_place(held, settings)
        else:
            yield numbered_place(held, settings, kind="worker")


def _only_place(held: ExitStack, settings: Settings) -> str:
    if not take_place(held, settings.instance_path / "worker.lock"):
        raise WorkerAlreadyRunning(
            "Another worker is already running on this SQLite database.",
            "Stop it first, or use PostgreSQL (PORTAL_DATABASE_URL) to run several.",
        )
    return settings.worker_id or id_here(settings, number=1)


def _named_place(held: ExitStack, settings: Settings) -> str:
    if not take_place(held, settings.instance_path / f"worker-{settings.worker_id}.lock"):
        raise WorkerAlreadyRunning(
            f"Another worker is already running as {settings.worker_id}.",
            "Give every worker a PORTAL_WORKER_ID of its own, or none at all.",
        )
    return settings.worker_id
