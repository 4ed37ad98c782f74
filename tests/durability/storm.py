"""Bad weather between the portal and DingTalk: exchanges are lost, refused and repeated, processes are killed."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from enum import StrEnum

from tests.durability.door import Exchange, Moment, Step
from tests.durability.running_portal import RunningPortal, Victim
from tests.services.story import fault

# Above the fifth that is promised, and chance is helped where few steps leave it below.
SHARE_OF_STEPS = 0.27
LEAST_SHARE = 0.22
SHARE_OF_KILLS = 0.35
# Between two kills the portal shall have had the time to do something, on a slow machine too.
SHORTEST_TIME_UP_SECONDS = 2.5
# Just past the portal's own patience with DingTalk; rarely, as it keeps one of the worker's few hands busy.
TIME_OUT_SECONDS = 10.5
SHARE_OF_TIME_OUTS = 0.03
EVENT_TYPES = ("bpms_instance_change", "bpms_task_change")
EVENT_FAULTS = ("lost_event", "duplicate_event", "late_event", "reordered_events")
# Few tries, so that some events are only found in the list of those that DingTalk could not deliver.
DELIVERY = {"retry_delays_seconds": [0.5, 2], "failed_list_delay_seconds": 0}
CALL_FAULTS = (
    "reset_before",
    "reset_after_commit",
    "http_500_before",
    "http_500_after_commit",
    "throttle_qps",
    "throttle_429",
    "invalid_token_once",
    "html_body",
)
OPERATIONS = {
    Step.FORECAST: "forecast",
    Step.START: "startProcessInstance",
    Step.SEARCH: "listInstanceIds",
    Step.READ: "getProcessInstance",
    Step.WITHDRAW: "terminateProcessInstance",
}
OWN_FAULTS = {
    Step.START: ("system_error_200_without_instance_id",),
    Step.READ: ("not_yet_readable",),
    Step.FORECAST: ("forecast_unsuccessful",),
}


class Plan(StrEnum):
    """What happens to one exchange."""

    LOSE_QUESTION = "question lost"
    LOSE_ANSWER = "answer lost"
    KILL_BEFORE = "kill before"
    KILL_AFTER = "kill after"


class Storm:
    """Watches both doors while it is on. The same seed makes the same choices in the same order of steps."""

    def __init__(self, portal: RunningPortal, *, seed: int) -> None:
        self.steps = 0
        self.faults: Counter[str] = Counter()
        self.kills: Counter[str] = Counter()
        self._portal = portal
        self._chance = random.Random(seed)  # noqa: S311  chance that can be repeated
        self._turn = threading.Lock()
        self._all_up_since: float | None = None
        self._calm = threading.Event()
        self._restarting = threading.Thread(target=self._start_again, daemon=True)

    @property
    def disturbed(self) -> int:
        """How many steps suffered."""
        return self.faults.total() + self.kills.total()

    def begin(self) -> None:
        self._portal.world.control("PUT", "/settings", DELIVERY)
        self._restarting.start()
        self._portal.to_dingtalk.watcher = self._portal.to_portal.watcher = self._watch

    def end(self) -> None:
        """Let everything pass from now on, and everybody live."""
        self._portal.to_dingtalk.watcher = self._portal.to_portal.watcher = None
        self._calm.set()
        self._restarting.join(30)
        self._portal.world.control("DELETE", "/faults")
        self._portal.start()

    def _start_again(self) -> None:
        while not self._calm.wait(0.1):
            self._portal.web.start()
            self._portal.worker.start()
            if (
                self._all_up_since is None
                and self._portal.web.has_started
                and self._portal.worker.has_started
            ):
                self._all_up_since = time.monotonic()

    def _watch(self, exchange: Exchange, moment: Moment) -> bool:
        if moment == Moment.ASKED:
            with self._turn:
                self.steps += 1
                exchange.plan = self._plan(exchange.step)
        if (exchange.plan, moment) in ((Plan.KILL_BEFORE, Moment.ASKED), (Plan.KILL_AFTER, Moment.ANSWERED)):
            self._kill(exchange.step)
            return True
        return (exchange.plan, moment) in (
            (Plan.LOSE_QUESTION, Moment.ASKED),
            (Plan.LOSE_ANSWER, Moment.ANSWERED),
        )

    def _plan(self, step: Step) -> str:
        is_spared = self._chance.random() >= SHARE_OF_STEPS
        if is_spared and self.disturbed >= LEAST_SHARE * self.steps:
            return ""
        if self._chance.random() < SHARE_OF_KILLS and self._may_kill():
            self._all_up_since = None
            return self._chance.choice((Plan.KILL_BEFORE, Plan.KILL_AFTER))
        if step in OPERATIONS and self._chance.random() < 0.6:
            return self._disturb_call(step)
        if step == Step.CALLBACK and self._chance.random() < 0.6:
            return self._disturb_event()
        plan = self._chance.choice((Plan.LOSE_QUESTION, Plan.LOSE_ANSWER))
        self.faults[plan] += 1
        return plan

    def _may_kill(self) -> bool:
        up_since = self._all_up_since
        return up_since is not None and time.monotonic() - up_since >= SHORTEST_TIME_UP_SECONDS

    def _disturb_call(self, step: Step) -> str:
        name = self._chance.choice(CALL_FAULTS + OWN_FAULTS.get(step, ()))
        seconds: dict[str, float] = {}
        if self._chance.random() < SHARE_OF_TIME_OUTS:
            name = self._chance.choice(("time_out_before", "time_out_after_commit"))
            seconds = {"seconds": TIME_OUT_SECONDS}
        fault(self._portal.world, name, OPERATIONS[step], **seconds)
        self.faults[name] += 1
        return name

    def _disturb_event(self) -> str:
        name = self._chance.choice(EVENT_FAULTS)
        # The event that passes now is sealed already: the next one suffers.
        fault(self._portal.world, name, self._chance.choice(EVENT_TYPES), seconds=2)
        self.faults[name] += 1
        return name

    def _kill(self, step: Step) -> None:
        at_work = Victim.WORKER if step in OPERATIONS else Victim.WEB
        with self._turn:
            victim = self._chance.choice((at_work, at_work, Victim.BOTH))
            self.kills[victim] += 1
        self._portal.kill(victim)
