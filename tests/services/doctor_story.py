"""A portal in good health, and the doctor in front of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from portal.database import transaction
from portal.extensions import db
from portal.models import ApprovalSettings, Person, WorkerHeartbeat
from portal.services.doctor.checks import CheckName, CheckState
from portal.services.doctor.doctor import Doctor
from portal.services.doctor.limits import Limits
from portal.services.doctor.making import make_doctor
from portal.services.doctor.run import CheckResult
from portal.services.registry import KEY, Services
from portal.settings import Settings
from tests.portal_world import AES_KEY, TOKEN, World
from tests.services.story import actor_named, approval_of, set_up, started

# On a busy machine nothing is slow but what a test makes slow.
PATIENT = Limits(
    connect_seconds=30,
    answer_seconds=30,
    callback_seconds=30,
    database_seconds=30,
    inbox_stuck_after=timedelta(minutes=15),
)

Found = dict[CheckName, CheckResult]


def make_well(world: World) -> None:
    """Set the portal up so that every line is green."""
    set_up(world)
    world.client("chen")
    with world.app.app_context():
        settings = world.services.approval_settings
        settings.choose_fallback_approver(
            actor_named("alice"), user_id="chen", version=settings.current().version
        )
    press_save_in_dingtalk(world)
    number, _ = started(world)
    world.work_until(lambda: approval_of(number).heard_at is not None, seconds=60)
    let_a_worker_live(world)
    be_patient(world)


def be_patient(world: World) -> None:
    """Let the doctor's pages wait as long as tests do; a page asks for many lines at once."""
    world.services = replace(world.services, doctor=doctor_of(world))
    world.app.extensions[KEY] = world.services


def press_save_in_dingtalk(world: World) -> None:
    """Save the event subscription, which lets DingTalk check the address, and let an event come."""
    verdict = world.control("POST", "/subscription/save", subscription(world))["verdict"]
    assert verdict["saved"], verdict


def subscription(world: World, **changes: Any) -> dict[str, Any]:
    return {
        "url": f"{world.portal_url}/callbacks/dingtalk",
        "aes_key": AES_KEY,
        "token": TOKEN,
        "events": ["bpms_instance_change", "bpms_task_change"],
        **changes,
    }


def keep_well(world: World) -> None:
    """Do what a worker would have done meanwhile, so that nothing is old because the machine is busy."""
    let_a_worker_live(world)
    world.work()


def let_a_worker_live(world: World) -> None:
    """Leave a sign of life that outlasts any test, however busy the machine is."""
    with world.app.app_context():
        world.services.health.beat("test")
        with transaction() as session:
            session.get_one(WorkerHeartbeat, "test").seen_at = world.clock.now() + timedelta(hours=1)


def doctor_of(world: World, *, limits: Limits = PATIENT, **settings: object) -> Doctor:
    """Return the doctor of this portal as it would be with other deployment settings."""
    return doctor_with(world, replace(world.settings, **settings), world.services, limits)  # type: ignore[arg-type]


def doctor_with(world: World, settings: Settings, services: Services, limits: Limits = PATIENT) -> Doctor:
    return make_doctor(
        settings,
        clock=world.clock,
        connection=services.dingtalk_apps.connection,
        template_check=services.template_check,
        health=services.health,
        calls=services.dingtalk_calls,
        diagnosis=services.callback_diagnosis,
        roads=services.event_roads,
        stream=services.stream_connections,
        quickbi=services.quickbi,
        limits=limits,
    )


def examine(world: World, doctor: Doctor | None = None) -> Found:
    """Examine everything anew; a worker is alive unless a test says otherwise."""
    with world.app.app_context():
        results = (doctor or doctor_of(world)).examine().results()
    return {result.name: result for result in results}


def states(found: Found) -> dict[CheckName, CheckState]:
    return {name: result.state for name, result in found.items()}


def change_settings(world: World, **values: object) -> None:
    """Write the settings row past its services."""
    with world.app.app_context(), transaction() as session:
        row = session.get_one(ApprovalSettings, 1)
        for name, value in values.items():
            setattr(row, name, value)


def person_id(user_id: str) -> int:
    return db.session.query(Person).filter_by(user_id=user_id).one().id
