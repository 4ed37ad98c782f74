"""The process ``portal stream``: killed at the worst moment it loses nothing, asked to end it ends cleanly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from portal.database import sqlite_driver
from portal.models.callback_event import EventRoad
from portal.services.events.stream_connections import ListenerState
from tests.portal_world import APP_SECRET, World
from tests.services.story import set_up, started, state_of
from tests.stream.listening import (
    are_all_delivered,
    choose,
    connections,
    events,
    listener,
    listeners,
    pushed,
    until,
)
from tests.workflows.processes import running


def test_a_listener_killed_between_receipt_and_commit_loses_nothing(world: World) -> None:
    set_up(world)
    choose(world, EventRoad.STREAM)
    with running(world, "stream", name="first") as first:
        until(lambda: connections(world))
        number, instance_id = started(world)
        until(lambda: are_all_delivered(world, at_least=2))
        with nobody_else_writing(world):
            world.act(instance_id, "chen", "agree")
            until(lambda: len(pushed(world)) == 4 and are_all_sent(world))
            first.kill()
    assert len(events(world)) == 2
    with running(world, "stream", name="second") as second:
        until(lambda: are_all_delivered(world, at_least=4))
        world.work_until(lambda: state_of(number) == "approved", seconds=60)
        second.end()
        assert APP_SECRET not in second.said() + first.said()
        assert "ticket=" not in second.said() + first.said()
    assert len(events(world)) == 4


@contextmanager
def nobody_else_writing(world: World) -> Iterator[None]:
    """Hold the database's only write lock, by the portal's own driver: two SQLites in one process undo locks."""
    with closing(
        sqlite_driver().connect(world.settings.database_url.removeprefix("sqlite:///"))
    ) as connection:
        connection.isolation_level = None
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def are_all_sent(world: World) -> bool:
    """Whether each event has gone out to a client at least once."""
    reached = (
        {"no_ack", "later", "ok"} & {each["outcome"] for each in event["attempts"]} for event in pushed(world)
    )
    return all(reached)


def test_asked_to_end_it_takes_back_its_sign_of_life(world: World) -> None:
    set_up(world)
    choose(world, EventRoad.STREAM)
    with running(world, "stream"):
        until(lambda: listeners(world) and listener(world).state == ListenerState.CONNECTED)
    assert listeners(world) == ()
    until(lambda: not connections(world))
