"""Lists as files of any length: read and written piece by piece, and never many at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.services.audit import Actor, record
from portal.services.faults import Problem, ProblemReason
from portal.services.lists.csv_lines import BYTE_ORDER_MARK, csv_bytes
from portal.services.lists.keyset_page import KeysetPage
from portal.services.lists.saved_views import ListName

# Each holds a thread of the web process for as long as it takes, of which people need the others.
MOST_AT_ONCE = 2
ROWS_A_PIECE = 1_000


@dataclass(frozen=True, kw_only=True)
class Export:
    """One file. ``next_page`` finds ids before an id, ``lines_of`` reads what is written of them, in their order."""

    heading: Sequence[str]
    next_page: Callable[[int | None], KeysetPage]
    lines_of: Callable[[tuple[int, ...]], Sequence[Sequence[Any]]]


@dataclass(frozen=True, kw_only=True)
class Exports:
    """Lets ``MOST_AT_ONCE`` files be written at a time by one process."""

    clock: Clock
    _places: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(MOST_AT_ONCE), repr=False
    )

    def begin(self, actor: Actor, page: ListName, *, filters: dict[str, str]) -> Callable[[], None]:
        """Take a place and return how to give it back; what is exported by whom goes into the audit trail.

        Raises ``Problem(EXPORTS_BUSY)`` when all places are taken.
        """
        if not self._places.acquire(blocking=False):
            raise Problem(ProblemReason.EXPORTS_BUSY)
        try:
            with transaction() as session:
                subject = ("list", page.value)
                record(session, actor, "list.exported", at=self.clock.now(), subject=subject, after=filters)
        except BaseException:
            self._places.release()
            raise
        return _once(self._places.release)

    def pieces(self, export: Export) -> Iterator[bytes]:
        """Yield the file in pieces; no transaction stays open while a piece is on its way."""
        yield BYTE_ORDER_MARK + csv_bytes([export.heading])
        older_than: int | None = None
        while True:
            try:
                found = export.next_page(older_than)
                lines = export.lines_of(found.ids) if found.ids else []
            finally:
                db.session.rollback()
                db.session.expunge_all()
            if lines:
                yield csv_bytes(lines)
            if found.older_than is None:
                return
            older_than = found.older_than


def _once(release: Callable[[], None]) -> Callable[[], None]:
    """Return ``release`` so that calling it again does nothing."""
    left = [release]

    def give_back() -> None:
        if left:
            left.pop()()

    return give_back
