"""The figures that Prometheus reads are true, cheap however old the portal is, and the same from every process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event, text

from portal.database import transaction
from portal.extensions import db
from portal.models import CallbackEvent
from portal.models.callback_event import EventState
from tests.portal_world import AES_KEY, APP_SECRET, SECRET_KEY, TOKEN, World
from tests.services.engines import on_both_engines
from tests.services.story import ask, fault, set_up, started
from tests.web.callbacks.calling import event as told
from tests.web.callbacks.calling import post_event, post_sealed, seal

pytestmark = on_both_engines

Figures = dict[tuple[str, ...], float]


def figures(world: World) -> Figures:
    """Return samples by name and label values, as Prometheus would read them."""
    answer = world.app.test_client().get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.name.startswith("portal_")
    }


def test_an_idle_portal_has_nothing_waiting(world: World) -> None:
    seen = figures(world)
    assert seen[("portal_database_up",)] == 1
    assert seen[("portal_workers",)] == 0
    waiting = [name for name, value in seen.items() if "due" in name[0] and value]
    assert waiting == []


def test_open_approvals_are_counted_by_state_and_what_is_due_by_age(world: World) -> None:
    set_up(world)
    started(world)
    fault(world, "permission_missing")
    refused = ask(world)
    world.work()
    ask(world)
    world.let_pass(seconds=90)
    with world.app.app_context():
        world.services.health.beat("w1")
    seen = figures(world)
    assert seen[("portal_open_approvals", "pending")] == 1
    assert seen[("portal_open_approvals", "could_not_start")] == 1, refused
    assert seen[("portal_open_approvals", "submitted")] == 1
    assert seen[("portal_due_approvals",)] >= 1
    assert 90 <= seen[("portal_oldest_due_approval_seconds",)] < 900
    assert seen[("portal_workers",)] == 1


def test_events_that_wait_and_events_that_were_parked_are_counted(world: World) -> None:
    for _ in range(3):
        assert post_event(world, told()).status_code == 200
    with world.app.app_context(), transaction() as session:
        first = session.query(CallbackEvent).order_by(CallbackEvent.id).first()
        assert first is not None
        first.state, first.due_at = EventState.PARKED, None
    world.let_pass(seconds=30)
    seen = figures(world)
    assert seen[("portal_unsettled_events", "received")] == 2
    assert seen[("portal_unsettled_events", "parked")] == 1
    assert 30 <= seen[("portal_oldest_due_event_seconds",)] < 900


def test_refused_callbacks_are_counted_by_reason_over_all_hours(world: World) -> None:
    for _ in range(2):
        assert post_sealed(world, seal(told()), token="anotherToken").status_code == 403
    world.let_pass(hours=2)
    assert post_sealed(world, seal(told()), token="anotherToken").status_code == 403
    assert figures(world)[("portal_refused_callbacks_total", "signature")] == 3


def test_calls_to_dingtalk_are_counted_by_operation_and_result(world: World) -> None:
    set_up(world)
    started(world)
    fault(world, "permission_missing")
    ask(world)
    world.work()
    seen = figures(world)
    assert seen[("portal_dingtalk_calls_total", "startProcessInstance", "ok")] == 1
    assert seen[("portal_dingtalk_calls_total", "startProcessInstance", "permission_missing")] == 1


def test_no_figure_reads_through_a_table_that_grows_for_years(world: World) -> None:
    if not world.settings.is_sqlite:
        pytest.skip("a server reads small tables through, which is right")
    with world.app.app_context(), statements() as asked:
        world.services.work_figures.read()
        assert asked
        plans = [
            str(step)
            for statement, given in list(asked)
            for step in db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)
        ]
    growing = (
        "portal_approval",
        "portal_callback_event",
        "portal_access_request",
        "portal_stray_instance",
        "portal_grant",
    )
    scans = [
        plan for plan in plans if "SCAN" in plan and "INDEX" not in plan and any(t in plan for t in growing)
    ]
    assert scans == []


def test_a_database_that_is_away_is_a_figure_and_not_an_error(world: World) -> None:
    with world.app.app_context(), transaction() as session:
        session.execute(text("ALTER TABLE portal_worker_heartbeat RENAME TO portal_away"))
    try:
        seen = figures(world)
    finally:
        with world.app.app_context(), transaction() as session:
            session.execute(text("ALTER TABLE portal_away RENAME TO portal_worker_heartbeat"))
    assert seen == {("portal_database_up",): 0}


def test_no_secret_and_no_person_is_in_them(world: World) -> None:
    set_up(world)
    started(world)
    body = world.app.test_client().get("/metrics").text
    for secret in (SECRET_KEY, APP_SECRET, TOKEN, AES_KEY, "bob", "李博"):
        assert secret not in body


@contextmanager
def statements() -> Iterator[list[tuple[str, object]]]:
    seen: list[tuple[str, object]] = []

    def note(_connection: object, _cursor: object, statement: str, given: object, *_more: object) -> None:
        if statement.startswith("SELECT"):
            seen.append((statement, given))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
