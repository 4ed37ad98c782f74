"""Grants that fall due, spread over minutes and all at once: `python -m bench.grants_due --at-once 100000`."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update

from bench.big_database import PEOPLE, RESOURCES, fill
from bench.figures import percentile, rounded
from bench.in_process import InProcessPortal
from bench.place import DIRECT, PORTAL, Place
from bench.process_costs import cpu_seconds, memory_megabytes
from portal.database import core_transaction, transaction
from portal.extensions import db
from portal.models import Approval, Grant, GrantDelivery, Person, RequestItem, WorkerHeartbeat
from portal.rules.grant_state import GrantState
from portal.services.audit import actor_of
from portal.services.grants.webhook_settings import WebhookForm
from portal.services.notices.notice_promises import NoticeKind

SPREAD, SPREAD_SECONDS = 10_000, 180
AT_ONCE = 100_000
TARGET_ANSWERS_AFTER_MILLISECONDS = 20
LOT = 10_000
LOOK_EVERY_SECONDS = 1.0
LONGEST_SILENCE_SECONDS = 300.0


def measure(*, spread: int = SPREAD, at_once: int = AT_ONCE) -> dict[str, Any]:
    """Return lag, throughput and the worker's memory for both."""
    return {
        "target_answers_after_ms": TARGET_ANSWERS_AFTER_MILLISECONDS,
        "spread": _delivered(spread, over_seconds=SPREAD_SECONDS),
        "at_once": _delivered(at_once, over_seconds=0),
    }


def _delivered(grants: int, *, over_seconds: float) -> dict[str, Any]:
    with (
        tempfile.TemporaryDirectory(prefix="portal-bench-") as folder,
        Place(Path(folder)) as place,
        _slow_target() as address,
    ):
        portal = _portal_with_grants(place, grants, address)
        worker = place.start(PORTAL, "worker", name="worker")
        _wait(portal, lambda: _count(WorkerHeartbeat) == 1)
        before = memory_megabytes(worker.pid)["rss_mb"]
        first_at = datetime.now(UTC) + timedelta(seconds=2)
        _let_be_due(portal, grants, first_at=first_at, over_seconds=over_seconds)
        cpu_before = cpu_seconds(worker.pid)
        memory = _watched_until_done(portal, grants, worker.pid)
        cpu_ms = (cpu_seconds(worker.pid) - cpu_before) * 1000
        with portal.app.app_context():
            figures = _figures(grants, first_at=first_at, over_seconds=over_seconds)
            db.engine.dispose()
        calls, deliveries = (int(each) for each in DIRECT.open(address, timeout=10).read().split())
    return {
        "grants": grants,
        "over_seconds": over_seconds,
        **figures,
        "skipped": grants - deliveries,
        "calls_repeated": calls - deliveries,
        "worker_cpu_ms_a_grant": rounded(cpu_ms / grants),
        "worker_rss_before_mb": rounded(before),
        "worker_rss_mb": [rounded(each) for each in memory[:: max(1, len(memory) // 20)]],
        "worker_rss_most_mb": rounded(max(memory)),
    }


@contextmanager
def _slow_target() -> Iterator[str]:
    """Run a webhook in a process of its own; yields its address."""
    command = (sys.executable, "-m", "bench.slow_target", str(TARGET_ANSWERS_AFTER_MILLISECONDS))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}/"
        finally:
            process.terminate()


def _portal_with_grants(place: Place, grants: int, address: str) -> InProcessPortal:
    """Fill a database with approved requests, one grant each, none due yet; no two are of the same access."""
    portal = InProcessPortal(place)
    with portal.app.app_context():
        file = Path(str(db.engine.url.database))
        db.engine.dispose()
    fill(file, requests=grants)
    with portal.app.app_context():
        admin = db.session.get_one(Person, PEOPLE)
        form = WebhookForm(address=address, is_enabled=True, answers_checks=False, version=0)
        actor = actor_of(admin, address="127.0.0.1")
        portal.services.webhook_settings.save(actor, form)
        # Measured is the way to the target; there is no DingTalk here that could be told.
        settings = portal.services.approval_settings
        settings.switch_notices(actor, off=list(NoticeKind), version=settings.current().version)
        now = portal.services.clock.now()
        with transaction() as session:
            # Nor is there one that could tell how the approvals among them stand.
            session.execute(update(Approval).values(due_at=None))
        for first in range(1, grants + 1, LOT):
            with transaction() as session:
                ids = range(first, min(first + LOT, grants + 1))
                session.execute(insert(Grant), [_grant(each, now) for each in ids])
        assert _count(RequestItem) == grants
    return portal


def _grant(number: int, now: datetime) -> dict[str, Any]:
    return {
        "id": number,
        "item_id": number,
        "request_id": number,
        "person_id": 1 + number % PEOPLE,
        "resource_id": 1 + number // PEOPLE % RESOURCES,
        "entitlement": "view",
        "target": "webhook",
        "state": GrantState.DUE.value,
        "approved_at": now,
        "version": 1,
    }


def _let_be_due(portal: InProcessPortal, grants: int, *, first_at: datetime, over_seconds: float) -> None:
    with portal.app.app_context():
        if not over_seconds:
            with transaction() as session:
                session.execute(update(Grant).values(due_at=first_at))
            return
        table = Grant.__table__
        moved = update(table).where(table.c.id == bindparam("number")).values(due_at=bindparam("at"))
        with core_transaction() as connection:
            connection.execute(
                moved,
                [
                    {"number": each, "at": _due_at(each, grants, first_at, over_seconds)}
                    for each in range(1, grants + 1)
                ],
            )


def _due_at(number: int, grants: int, first_at: datetime, over_seconds: float) -> datetime:
    return first_at + timedelta(seconds=over_seconds * (number - 1) / grants)


def _watched_until_done(portal: InProcessPortal, grants: int, pid: int) -> list[float]:
    """Return the worker's memory (RSS, MB) second by second, until every grant is in effect."""
    memory: list[float] = []
    done, changed = 0, time.monotonic()
    while done < grants:
        time.sleep(LOOK_EVERY_SECONDS)
        memory.append(memory_megabytes(pid)["rss_mb"])
        with portal.app.app_context():
            now_done = _count(Grant, Grant.state == GrantState.ACTIVE)
        if now_done != done:
            done, changed = now_done, time.monotonic()
        if time.monotonic() - changed > LONGEST_SILENCE_SECONDS:
            raise TimeoutError(f"{done} of {grants} grants were delivered, then nothing happened")
    return memory


def _figures(grants: int, *, first_at: datetime, over_seconds: float) -> dict[str, Any]:
    """Read out of the log how long after it was due each grant was first told to the target."""
    began = select(GrantDelivery.grant_id, func.min(GrantDelivery.began_at)).group_by(GrantDelivery.grant_id)
    rows = [(each[0], each[1]) for each in db.session.execute(began)]
    lags = [(at - _due_at(number, grants, first_at, over_seconds)).total_seconds() for number, at in rows]
    last = max(at for _, at in rows)
    return {
        "lag_p50_s": rounded(median(lags)),
        "lag_p95_s": rounded(percentile(lags, 0.95)),
        "lag_max_s": rounded(max(lags)),
        "per_second": rounded(grants / (last - first_at).total_seconds()),
    }


def _wait(portal: InProcessPortal, is_true: Any) -> None:
    deadline = time.monotonic() + LONGEST_SILENCE_SECONDS
    while time.monotonic() < deadline:
        with portal.app.app_context():
            if is_true():
                return
        time.sleep(LOOK_EVERY_SECONDS)
    raise TimeoutError("the worker did not start in time")


def _count(table: Any, *conditions: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spread", type=int, default=SPREAD)
    parser.add_argument("--at-once", type=int, default=AT_ONCE)
    chosen = parser.parse_args()
    print(json.dumps(measure(spread=chosen.spread, at_once=chosen.at_once), indent=2))
