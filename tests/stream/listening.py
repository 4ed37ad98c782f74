"""Listeners beside a test, and what sandbox and portal know of them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from portal.extensions import db
from portal.models import CallbackEvent
from portal.models.callback_event import EventRoad
from portal.services.events.stream_connections import ListenerState, SignOfLife
from portal.streaming.listener import Listener
from tests.portal_world import World
from tests.services.story import actor_named

PATIENCE_SECONDS = 90.0
FAST = {"stream_ack_seconds": 0.5, "stream_attempts": 1000, "stream_closing_seconds": 1.0}


def push_by_stream(world: World, **settings: Any) -> None:
    """Let DingTalk push by Stream, to whoever is connected."""
    world.control("PUT", "/settings", FAST | settings)
    world.control("PUT", "/subscription", {"mode": "stream"})


def choose(world: World, road: EventRoad) -> None:
    """Choose the road as an admin would, who has signed in before."""
    with world.app.app_context():
        settings = world.services.approval_settings
        version = settings.current().version
        settings.choose_event_road(actor_named("alice"), road, version=version)


@contextmanager
def listening(world: World, *names: str, until_connected: bool = True) -> Iterator[None]:
    """Run a listener for each name (one, if there is none), until the end of the block."""
    with ExitStack() as running:
        for name in names or ("first",):
            running.enter_context(_one(world, name))
        if until_connected:
            until(lambda: len(connections(world)) == len(names or ("first",)))
            until(lambda: all(each.state == ListenerState.CONNECTED for each in listeners(world)))
        yield


@contextmanager
def _one(world: World, name: str) -> Iterator[None]:
    loops: list[tuple[asyncio.AbstractEventLoop, Listener]] = []

    async def listen() -> None:
        listener = Listener(world.app, world.services, name, look_every_seconds=0.2)
        loops.append((asyncio.get_running_loop(), listener))
        await listener.listen()

    thread = threading.Thread(target=lambda: asyncio.run(listen()), name=f"listener-{name}", daemon=True)
    thread.start()
    until(lambda: bool(loops))
    try:
        yield
    finally:
        loop, listener = loops[0]
        loop.call_soon_threadsafe(listener.stop)
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive(), "the listener does not end"


def connections(world: World) -> list[str]:
    """Return the ids of the connections that the sandbox would give a message to."""
    return [each["id"] for each in world.control("GET", "/stream")["connections"]]


def listeners(world: World) -> tuple[SignOfLife, ...]:
    """Return what the portal knows of its listeners."""
    return tuple(world.look(lambda: world.services.stream_connections.report().listeners))


def listener(world: World) -> SignOfLife:
    """Return the one that there is."""
    found = until(lambda: listeners(world))
    assert len(found) == 1, found
    return found[0]


def events(world: World) -> list[CallbackEvent]:
    """Return what was stored, in the order of its coming."""
    return list(world.look(lambda: db.session.query(CallbackEvent).order_by(CallbackEvent.id).all()))


def pushed(world: World) -> list[dict[str, Any]]:
    """Return DingTalk's deliveries."""
    return list(world.control("GET", "/deliveries")["deliveries"])


def are_all_delivered(world: World, *, at_least: int = 1) -> bool:
    found = pushed(world)
    return len(found) >= at_least and {each["state"] for each in found} == {"delivered"}


def push(world: World, **payload: Any) -> None:
    """Let DingTalk send one event made by hand."""
    world.control("POST", "/events", {"payload": {"EventType": "bpms_task_change", **payload}})


def until(is_true: Callable[[], Any]) -> Any:
    """Wait for something true and return it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := is_true()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
    return found
