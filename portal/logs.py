"""Structured logs: one JSON line an event, with the request's id on every line that concerns it."""

from __future__ import annotations

import logging
import sys
import threading
from types import TracebackType
from typing import Any

import structlog


def init_logs() -> None:
    """Send structlog and the standard library's warnings to stderr as JSON lines."""
    if structlog.is_configured():
        return
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            *shared,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processor=structlog.processors.JSONRenderer(ensure_ascii=False),
            foreign_pre_chain=[*shared, structlog.processors.format_exc_info],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    # The work queue would write lines of its own kind, unless somebody has taken its logger in hand.
    queue = logging.getLogger("dbos")
    queue.handlers[:], queue.propagate = [handler], False


def log_errors_only() -> None:
    """Leave out what is no error: a command that prints its findings should not be lost between log lines."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))


def log_what_nobody_caught() -> None:
    """Write warnings, and errors that end a thread or the process, as such lines; for processes of ours alone."""
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda args: _log_uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def _log_uncaught(
    kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None
) -> None:
    if issubclass(kind, Exception) and error is not None:
        structlog.get_logger(__name__).error("process.failed", exc_info=(kind, error, traceback))
