"""Several people (or workers) act at the same moment, each on a connection of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable

from portal.services.faults import Problem
from tests.portal_world import World

DONE = "done"
WAIT_SECONDS = 60

Action = Callable[[], object]


def at_once(world: World, *actions: Action) -> list[str]:
    """Let each action begin at one moment, and return ``done`` or why it was refused, in their order.

    Anything else that an action raises fails the test.
    """
    together = threading.Barrier(len(actions))
    verdicts: list[str] = ["never ended"] * len(actions)
    errors: list[BaseException] = []

    def act(position: int, action: Action) -> None:
        try:
            with world.app.app_context():
                together.wait(WAIT_SECONDS)
                try:
                    action()
                    verdicts[position] = DONE
                except Problem as problem:
                    verdicts[position] = problem.reason.value
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=act, args=each, daemon=True) for each in enumerate(actions)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(WAIT_SECONDS)
    if errors:
        raise errors[0]
    return verdicts
