"""Counts what the database is asked while somebody waits for a page."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask.testing import FlaskClient
from sqlalchemy import event

from portal.extensions import db
from tests.portal_world import World


@contextmanager
def counted_statements(world: World) -> Iterator[list[str]]:
    """Collect the statements of what this thread does inside; BEGIN and COMMIT are none.

    An event of DingTalk may be stored by another thread meanwhile.
    """
    seen: list[str] = []
    asking = threading.get_ident()
    with world.app.app_context():
        engine = db.engine

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if threading.get_ident() == asking:
            seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def statements_of(world: World, client: FlaskClient, path: str) -> int:
    """Return how many statements it takes to answer an address with a page."""
    with counted_statements(world) as seen:
        assert client.get(path).status_code == 200
    return len(seen)
