"""Many people at once: they ask, press twice, change their minds, and others decide in DingTalk."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from tests.durability.running_portal import RunningPortal
from tests.durability.visitor import Visitor, words_of
from tests.durability.waiting import wait
from tests.services.story import instances

REQUESTERS = ("alice", "bob", "dora", "grace", "henry", "iris", "jack", "kate")
RESOURCES = (("dashboard", "sales-overview"), ("dashboard", "regional-revenue"))
DECISIONS = ("agree", "agree", "agree", "refuse", "comment", "")
LOOK_EVERY_SECONDS = 0.3
LONGEST_WAIT_SECONDS = 20.0


class Crowd:
    """Everybody who uses the portal. ``numbers`` are the requests that somebody was given an answer for."""

    def __init__(self, portal: RunningPortal, *, seed: int) -> None:
        self.numbers: list[str] = []
        self.owner_of: dict[str, Visitor] = {}
        self._portal = portal
        self._seed = seed
        self._visitors = [Visitor(portal, person) for person in REQUESTERS]
        self._decided: set[str] = set()
        self._chance = random.Random(seed)  # noqa: S311  chance that can be repeated
        self._lock = threading.Lock()

    def close(self) -> None:
        for visitor in self._visitors:
            visitor.close()

    def ask(self, *, count: int) -> None:
        """Let all of them ask, ``count`` requests together, while approvers decide what reaches them in time."""
        is_over = threading.Event()
        approvers = threading.Thread(target=self._decide_until, args=(is_over,))
        approvers.start()
        try:
            shares = [len(range(each, count, len(self._visitors))) for each in range(len(self._visitors))]
            with ThreadPoolExecutor(len(self._visitors)) as together:
                list(together.map(self._ask_in_a_row, self._visitors, shares))
            self._wait_until_most_is_decided()
        finally:
            is_over.set()
            approvers.join()

    def press(self, number: str, button: str) -> None:
        """Press a button of a request as the person it belongs to; to press in vain is not wrong."""
        try:
            answer = self.owner_of[number].press(number, button)
        except requests.RequestException:
            return
        assert answer.status_code in (303, 409, 500, 503), words_of(answer)

    def decide(self) -> None:
        """Let approvers look once at what waits for them; what they leave aside they leave for good."""
        for instance in instances(self._portal.world):
            if instance["status"] == "RUNNING" and instance["instance_id"] not in self._decided:
                self._decided.add(instance["instance_id"])
                self._decide_one(instance)

    def _wait_until_most_is_decided(self) -> None:
        """Wait until all that could be started was decided and told; the rest needs the storm to end."""
        ends_at = time.monotonic() + LONGEST_WAIT_SECONDS + len(self.numbers) / 2
        while time.monotonic() < ends_at:
            left = self._portal.work_left()
            undecided = {each["instance_id"] for each in instances(self._portal.world)} - self._decided
            if not undecided and not left["events not delivered"] and not left["approvals being worked on"]:
                return
            time.sleep(LOOK_EVERY_SECONDS)

    def _decide_until(self, is_over: threading.Event) -> None:
        while not is_over.wait(LOOK_EVERY_SECONDS):
            self.decide()

    def _decide_one(self, instance: dict[str, Any]) -> None:
        decision = self._chance.choice(DECISIONS)
        if not decision or not instance["waiting_for"]:
            return
        try:
            self._portal.world.act(instance["instance_id"], instance["waiting_for"][0], decision, "seen")
        except requests.HTTPError as error:
            if error.response.status_code != 409:  # withdrawn a moment ago
                raise

    def _ask_in_a_row(self, visitor: Visitor, count: int) -> None:
        chance = random.Random(f"{self._seed} {visitor.person}")  # noqa: S311
        for _ in range(count):
            form = {**visitor.fill_in(resource=chance.choice(RESOURCES)), "reason": f"因为 {chance.random()}"}
            if chance.random() < 0.2:
                _twice(lambda form=form: visitor.send("/requests", form))
            number = visitor.submit(form)
            with self._lock:
                self.numbers.append(number)
                self.owner_of[number] = visitor
            if chance.random() < 0.15:
                self.press(number, "withdrawal")


def _twice(send: Callable[[], requests.Response]) -> None:
    """Send the same form two times at the same moment, and never mind the answers."""

    def try_to_send(_: int) -> None:
        try:
            send()
        except requests.RequestException:
            return

    with ThreadPoolExecutor(2) as both:
        list(both.map(try_to_send, range(2)))


def settle(portal: RunningPortal, crowd: Crowd) -> None:
    """After the storm: let all pauses pass, let people press Try again, and wait until nothing is under way."""
    world = portal.world

    def is_quiet() -> bool:
        stuck = portal.let_all_pauses_pass()
        for number in stuck:
            crowd.press(number, "start")
        return not stuck and portal.is_nothing_under_way()

    wait(
        is_quiet,
        what=lambda: f"the end of all work: {portal.work_left()}; {portal.worker.tail()}",
        seconds=420,
    )
    portal.sync_all()
    wait(is_quiet, what=lambda: f"the end of the sweep: {portal.work_left()}")
    assert world.control("GET", "/faults")["faults"] == []
