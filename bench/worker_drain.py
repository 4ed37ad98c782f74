"""How much faster two workers start approvals than one: `python -m bench.worker_drain --starts 100`."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import func, make_url, select, update

from bench.figures import rounded
from bench.in_process import InProcessPortal, Requester
from bench.place import PORTAL, Place, wait_until_answering
from portal.database import transaction
from portal.extensions import db
from portal.models import Approval, WorkerHeartbeat

STARTS = 1000
CONCURRENCY = 4
DINGTALK_ANSWERS_AFTER_MILLISECONDS = 200
# Latency shall limit the workers, not what DingTalk allows.
CALLS_PER_SECOND = 1000
LONGEST_SECONDS = 600.0
LOOK_EVERY_SECONDS = 0.25


def measure(*, starts: int = STARTS) -> dict[str, Any] | None:
    """Let one worker and then two start as many approvals; None where no PostgreSQL server is named."""
    server = os.environ.get("PORTAL_TEST_POSTGRESQL_URL")
    if server is None:
        return None
    one, two = (_drain(server, workers=workers, starts=starts) for workers in (1, 2))
    return {
        "starts": starts,
        "concurrency": CONCURRENCY,
        "dingtalk_answers_after_ms": DINGTALK_ANSWERS_AFTER_MILLISECONDS,
        "one_worker": one,
        "two_workers": two,
        "ratio": rounded(one["seconds"] / two["seconds"]),
    }


def _drain(server: str, *, workers: int, starts: int) -> dict[str, float]:
    with (
        tempfile.TemporaryDirectory(prefix="portal-bench-") as folder,
        _database_beside(server) as url,
        Place(Path(folder)) as place,
    ):
        place.environment |= {
            "PORTAL_DATABASE_URL": url,
            "PORTAL_WORKER_CONCURRENCY": str(CONCURRENCY),
            "PORTAL_DINGTALK_CALLS_PER_SECOND": str(CALLS_PER_SECOND),
        }
        portal = _portal_with_requests(place, starts)
        place.control("PUT", "/settings", {"answer_delay_milliseconds": DINGTALK_ANSWERS_AFTER_MILLISECONDS})
        for number in range(workers):
            place.start(PORTAL, "worker", name=f"worker-{number}")
        _wait(portal, lambda: _count(WorkerHeartbeat) == workers)
        began = time.perf_counter()
        _let_all_be_due(portal, at=datetime.now(UTC))
        _wait(portal, lambda: _count(Approval, Approval.started_at.is_not(None)) == starts)
        seconds = time.perf_counter() - began
        with portal.app.app_context():
            db.engine.dispose()
    return {"seconds": rounded(seconds), "per_second": rounded(starts / seconds)}


def _portal_with_requests(place: Place, starts: int) -> InProcessPortal:
    """Set everything up and submit all requests, due in a day."""
    place.start(PORTAL, "sandbox", name="sandbox")
    wait_until_answering(f"{place.demo.sandbox_url}/control")
    place.control("PUT", "/settings", {"calls_per_second": 0, "monthly_quota": 0})
    place.run("demo-seed")
    portal = InProcessPortal(place)
    portal.sign_in("alice")
    bob = portal.sign_in("bob")
    portal.set_up_approval()
    requester = Requester(bob)
    for _ in range(starts):
        requester.ask()
    _let_all_be_due(portal, at=datetime.now(UTC) + timedelta(days=1))
    return portal


def _let_all_be_due(portal: InProcessPortal, *, at: datetime) -> None:
    with portal.app.app_context(), transaction() as session:
        session.execute(update(Approval).values(due_at=at))


def _wait(portal: InProcessPortal, is_true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < deadline:
        with portal.app.app_context():
            if is_true():
                return
        time.sleep(LOOK_EVERY_SECONDS)
    raise TimeoutError("the workers did not do their work in time")


def _count(table: type[Approval] | type[WorkerHeartbeat], *conditions: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0


@contextmanager
def _database_beside(server: str) -> Iterator[str]:
    """Make an empty database on the server, drop it afterwards."""
    url = make_url(server).set(drivername="postgresql")
    name = f"portal_bench_{secrets.token_hex(6)}"
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield url.set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=STARTS)
    print(json.dumps(measure(starts=parser.parse_args().starts), indent=2))
