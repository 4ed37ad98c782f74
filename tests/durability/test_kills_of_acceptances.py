"""Kill web or worker while a colleague accepts what was asked on their behalf: accepted once, started once.

| boundary | who dies | what has happened at the kill |
|---|---|---|
| answer_not_committed | web | the answer is being stored |
| answer_committed | web | the answer stands; the colleague was not told so |
| not_taken | worker | the start is promised; nobody has taken it up |
| created | worker | DingTalk has the instance; its id is not known |
"""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack

import pytest
import requests

from tests.durability.door import Moment, Step
from tests.durability.overdue_request import OverdueRequest, set_up_rules
from tests.durability.running_portal import RunningPortal, Victim
from tests.durability.step_boundaries import TO_THE_COMMIT_SECONDS
from tests.durability.visitor import Visitor
from tests.services.engines import on_both_engines
from tests.services.story import ask

pytestmark = [on_both_engines, pytest.mark.slow]

VICTIMS = {
    "answer_not_committed": Victim.WEB,
    "answer_committed": Victim.WEB,
    "not_taken": Victim.WORKER,
    "created": Victim.WORKER,
}


@pytest.fixture(scope="module")
def people(portal: RunningPortal) -> RunningPortal:
    set_up_rules(portal)
    return portal


def accept_in_background(dora: Visitor, number: str) -> threading.Thread:
    def try_to_accept() -> None:
        try:
            dora.accept(number)
        except requests.RequestException:
            return  # whoever should have answered was killed

    thread = threading.Thread(target=try_to_accept, daemon=True)
    thread.start()
    return thread


def come_to(boundary: str, dora: Visitor, number: str, portal: RunningPortal, held: ExitStack) -> None:
    """Let Dora accept, and return when it has come to the boundary."""
    if boundary == "answer_not_committed":
        held.enter_context(portal.held_database("portal_approval"))
        accept_in_background(dora, number)
        time.sleep(TO_THE_COMMIT_SECONDS)
    elif boundary == "answer_committed":
        hold = portal.to_portal.hold(Step.ACCEPT, Moment.ANSWERED, containing=number)
        accept_in_background(dora, number)
        hold.wait()
    elif boundary == "not_taken":
        portal.kill(Victim.WORKER)
        dora.accept(number)
    else:
        hold = portal.to_dingtalk.hold(Step.START, Moment.ANSWERED, containing=number)
        dora.accept(number)
        hold.wait()


@pytest.mark.parametrize("boundary", VICTIMS)
def test_an_acceptance_counts_once_whoever_dies(people: RunningPortal, boundary: str) -> None:
    dora = Visitor(people, "dora")
    asked = OverdueRequest(people, "lapses_at", ask(people.world, on_behalf_of="dora"))
    with ExitStack() as held:
        come_to(boundary, dora, asked.number, people, held)
        people.kill(VICTIMS[boundary])
    people.cut_all()
    people.start()

    assert dora.accept(asked.number) == 303  # once more, as she was told nothing
    asked.hurry("pending")
    people.wait_until_all_is_told()
    people.wait_until_inbox_is_settled()
    dora.close()

    assert [(each["instance_id"], each["status"]) for each in asked.instances()] == [
        (asked.known_instances()[0], "RUNNING")
    ]
    assert asked.audited("request.accepted") == 1
    assert asked.notices() == ["asked_for_you"]
    assert asked.strays() == 0
