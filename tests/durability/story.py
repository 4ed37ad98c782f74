"""One request on its way, that can be stopped anywhere and always be brought to its end."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from typing import Any

import requests

from portal.rules.approval_state import OUTCOMES
from tests.durability.running_portal import RunningPortal
from tests.durability.visitor import Visitor
from tests.services.story import instances


class Story:
    """A person asks for access; somebody agrees in DingTalk, or the person withdraws.

    ``mark`` is a text that only this request carries, by which its exchanges are told from others'.
    """

    def __init__(self, portal: RunningPortal, visitor: Visitor) -> None:
        self.portal = portal
        self.visitor = visitor
        self.mark = secrets.token_hex(8)
        self.form = {**visitor.fill_in(), "reason": f"Quarterly report 季度 {self.mark}"}
        self.number = ""
        self.is_to_be_withdrawn = False
        self._sending: list[threading.Thread] = []

    def submit(self) -> None:
        self.number = self.visitor.submit(self.form)

    def submit_in_background(self) -> None:
        self._in_background(lambda: self.visitor.send("/requests", self.form))

    def withdraw_in_background(self) -> None:
        self.is_to_be_withdrawn = True
        self._in_background(lambda: self.visitor.press(self.number, "withdrawal"))

    def start(self) -> str:
        """Submit, wait until it runs in DingTalk and all is told, and return the instance id."""
        self.submit()
        self.portal.wait_for(self.number, "pending")
        self.portal.wait_until_all_is_told()
        return self.portal.instance_of(self.number)

    def agree(self) -> None:
        self.portal.world.act(self.portal.instance_of(self.number), "chen", "agree")

    def instance(self) -> dict[str, Any] | None:
        """Return what DingTalk has of this story that still counts."""
        mine = [
            each for each in instances(self.portal.world) if self.mark in each["values"].get("Reason", "")
        ]
        return next((each for each in mine if each["status"] != "TERMINATED"), mine[0] if mine else None)

    def finish(self) -> str:
        """Do what the people still have to do, whatever has happened, and return the outcome."""
        for thread in self._sending:
            thread.join(60)
            assert not thread.is_alive()
        if not self.number:
            self.submit()
        while True:
            state = self.portal.hurry(self.number, "pending", "could_not_start", *OUTCOMES)
            if state == "could_not_start":
                assert self.visitor.press(self.number, "start").status_code == 303
            elif state == "pending":
                return self._end_what_runs()
            else:
                return state

    def _end_what_runs(self) -> str:
        instance = self.instance()
        assert instance is not None
        if instance["status"] == "RUNNING":
            if self.is_to_be_withdrawn:
                answer = self.visitor.press(self.number, "withdrawal")
                assert answer.status_code in (303, 409), answer.text  # 409: the earlier press has counted
            else:
                self.agree()
        return self.portal.hurry(self.number, *OUTCOMES)

    def _in_background(self, send: Callable[[], requests.Response]) -> None:
        def try_to_send() -> None:
            try:
                send()
            except requests.RequestException:
                return  # whoever should have answered was killed

        self._sending.append(threading.Thread(target=try_to_send, daemon=True))
        self._sending[-1].start()
