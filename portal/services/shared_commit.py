"""One durable commit for all who wait for one: whoever gets the turn writes for the others too.

A commit waits for the disk, and SQLite lets one write at a time. Eight callbacks that arrive together would
queue for eight commits; so those who wait behind a commit share the next one. Nobody waits for company.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Row = TypeVar("Row")


class _Waiting(Generic[Row]):
    __slots__ = ("error", "is_done", "row")

    def __init__(self, row: Row) -> None:
        self.row = row
        self.is_done = False
        self.error: Exception | None = None


class SharedCommit(Generic[Row]):
    """Hands rows of many threads to ``write``, which commits all of them or raises."""

    def __init__(self, write: Callable[[Sequence[Row]], None]) -> None:
        self._write = write
        self._turn = threading.Lock()
        self._waiting: list[_Waiting[Row]] = []
        self._list = threading.Lock()

    def store(self, row: Row) -> None:
        """Return once ``row`` is committed; raises what ``write`` raised for this very row."""
        mine = _Waiting(row)
        with self._list:
            self._waiting.append(mine)
        with self._turn:
            if not mine.is_done:
                self._write_all()
        if mine.error is not None:
            raise mine.error

    def _write_all(self) -> None:
        with self._list:
            together, self._waiting = self._waiting, []
        try:
            self._write([each.row for each in together])
        except Exception as error:
            # One row that cannot be stored must not take the others with it.
            for each in together:
                each.error = error if len(together) == 1 else self._written_alone(each.row)
        finally:
            for each in together:
                each.is_done = True

    def _written_alone(self, row: Row) -> Exception | None:
        try:
            self._write([row])
        except Exception as error:
            return error
        return None
