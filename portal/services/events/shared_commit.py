"""One durable commit for all who wait for one: whoever gets the turn writes for the others too.

A commit waits for the disk, and SQLite lets one write at a time. Eight callbacks that arrive together would
queue for eight commits; so those who wait behind a commit share the next one. Nobody waits for company.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from sqlalchemy.exc import OperationalError, SQLAlchemyError

Row = TypeVar("Row")


class CommitInterrupted(SQLAlchemyError):
    """Whoever wrote for this row was stopped before the end: nobody knows whether it is stored."""


class SharedCommit(Generic[Row]):
    """Hands rows of many threads to ``write``, which commits all of them or raises."""

    def __init__(self, write: Callable[[Sequence[Row]], None]) -> None:
        self._write = write
        self._turn = threading.Lock()
        self._waiting: list[_Waiting[Row]] = []
        self._waiting_lock = threading.Lock()

    def store(self, row: Row) -> None:
        """Return once ``row`` is committed; raises what ``write`` raised for this very row."""
        mine = _Waiting(row)
        with self._waiting_lock:
            self._waiting.append(mine)
        with self._turn:
            if not mine.is_taken:
                self._write_all()
        if mine.error is not None:
            raise mine.error

    def _write_all(self) -> None:
        with self._waiting_lock:
            together, self._waiting = self._waiting, []
        for each in together:
            each.is_taken = True
        error = self._written([each.row for each in together])
        # A database that is locked or away is so for each of them: trying them singly would only wait longer.
        is_said = error is None or len(together) == 1 or isinstance(error, OperationalError)
        for each in together:
            # One row that cannot be stored must not take the others with it.
            each.error = error if is_said else self._written([each.row])

    def _written(self, rows: Sequence[Row]) -> Exception | None:
        try:
            self._write(rows)
        except Exception as error:
            return error
        return None


class _Waiting(Generic[Row]):
    """A row, whether somebody took it along, and why it is not stored; None once it is."""

    __slots__ = ("error", "is_taken", "row")

    def __init__(self, row: Row) -> None:
        self.row = row
        self.is_taken = False
        self.error: Exception | None = CommitInterrupted()
