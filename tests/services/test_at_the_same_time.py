"""A person and the worker change the same request at the same moment: both changes are kept, nobody sees an error."""

from __future__ import annotations

import threading
import time

import pytest
from sqlalchemy import select, update

from portal.database import transaction
from portal.extensions import db
from portal.models import AccessRequest, Approval
from tests.portal_world import World
from tests.services.engines import on_both_engines
from tests.services.story import (
    approval_of,
    ask,
    fault,
    follow,
    instances,
    set_up,
    started,
    state_of,
    try_again,
    withdraw,
)

pytestmark = on_both_engines
REMARK = "written by the worker"


def worker_writes(world: World, number: str, *, has_begun: threading.Event) -> None:
    """Do as the worker does: take the approval, then change it and its request."""
    with world.app.app_context():
        approval_id = approval_of(number).id
        with transaction() as session:
            approval = session.scalars(
                select(Approval).where(Approval.id == approval_id).with_for_update(of=Approval)
            ).one()
            has_begun.set()
            time.sleep(0.4)
            approval.instance_url = REMARK
            session.flush()
            session.execute(update(AccessRequest).where(AccessRequest.number == number).values(reason=REMARK))


@pytest.mark.parametrize("does", [withdraw, try_again])
def test_a_person_who_acts_while_the_worker_writes_waits_and_succeeds(world: World, does: object) -> None:
    set_up(world)
    if does is withdraw:
        number, _ = started(world)
    else:
        number = ask(world)
        fault(world, "permission_missing")
        follow(world, number, "could_not_start")
    has_begun = threading.Event()
    worker = threading.Thread(target=worker_writes, args=(world, number), kwargs={"has_begun": has_begun})
    worker.start()
    assert has_begun.wait(5)
    does(world, number)  # type: ignore[operator]
    worker.join(10)

    with world.app.app_context():
        approval = approval_of(number)
        assert (approval.instance_url, approval.request.reason) == (REMARK, REMARK)
        if does is withdraw:
            assert approval.withdrawal_requested_at is not None
        else:
            assert approval.state == "submitted"


def test_a_form_sent_twice_at_the_same_moment_is_one_request(world: World) -> None:
    set_up(world)
    together, numbers = threading.Barrier(4), []

    def send() -> None:
        together.wait(5)
        numbers.append(ask(world, submission_key="same"))

    senders = [threading.Thread(target=send) for _ in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(20)
    assert len(numbers) == 4
    assert len(set(numbers)) == 1
    assert world.look(lambda: db.session.query(AccessRequest).count()) == 1


def test_workers_that_take_due_work_together_take_each_once(world: World) -> None:
    set_up(world)
    numbers = [ask(world) for _ in range(6)]
    together, taken = threading.Barrier(3), []

    def work() -> None:
        together.wait(5)
        with world.app.app_context():
            world.services.due_work.take(limit=4, hand_over=lambda _, due: taken.append(due.key))

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)
    assert len(taken) == len(set(taken)) == len(numbers)


def test_many_requests_worked_off_by_three_workers_have_one_instance_each(world: World) -> None:
    set_up(world)
    numbers = [ask(world) for _ in range(6)]
    workers = [threading.Thread(target=world.work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    world.work()
    assert [world.look(lambda n=number: state_of(n)) for number in numbers] == ["pending"] * len(numbers)
    assert len(instances(world)) == len(numbers)
