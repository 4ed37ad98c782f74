"""What a log line is about, said once for everything that is logged meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

log = structlog.get_logger(__name__)


@contextmanager
def work_about(**facts: object) -> Iterator[None]:
    """Put ``facts`` on every line logged inside, by libraries too, and log a bug that ends the work with them.

    The queue logs such an error as well, but knows no more about it than the name of the work.
    """
    with structlog.contextvars.bound_contextvars(**facts):
        try:
            yield
        except Exception:
            log.exception("work.failed")
            raise
