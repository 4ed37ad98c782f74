"""What an admin has done so far, and the one thing that comes next."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """The way to working approval, in order."""

    CONNECT = "connect"
    ENABLE = "enable"
    ASSOCIATE = "associate"
    TEST = "test"
    EVENT = "event"


@dataclass(frozen=True, kw_only=True)
class Achieved:
    """What is so now. ``is_tested`` means a Test of this template was started, ``is_proved`` that its event came.

    ``is_decided_here`` says that requests are decided in the portal: then nothing of DingTalk is needed.
    """

    is_bound: bool
    is_enabled: bool
    is_associated: bool
    is_tested: bool
    is_proved: bool
    is_decided_here: bool = False


def steps_done(achieved: Achieved) -> dict[Step, bool]:
    """Return each step and whether it is done."""
    if achieved.is_decided_here:
        return {Step.ENABLE: achieved.is_enabled}
    return {
        Step.CONNECT: achieved.is_bound,
        Step.ENABLE: achieved.is_enabled,
        Step.ASSOCIATE: achieved.is_associated,
        Step.TEST: achieved.is_tested,
        Step.EVENT: achieved.is_proved,
    }


def next_step(achieved: Achieved) -> Step | None:
    """Return the first step that is not done, or None when all are."""
    return next((step for step, is_done in steps_done(achieved).items() if not is_done), None)
