"""Several listeners on one PostgreSQL: the same events by two connections at the same moment."""

from __future__ import annotations

from portal.models.callback_event import EventRoad
from tests.portal_world import World
from tests.services.engines import on_postgresql
from tests.services.story import set_up, started, state_of
from tests.stream.listening import are_all_delivered, choose, events, listening, until

pytestmark = on_postgresql


def test_two_listeners_bring_an_approval_to_its_end(world: World) -> None:
    set_up(world)
    choose(world, EventRoad.STREAM)
    with listening(world, "first", "second"):
        number, instance_id = started(world)
        world.act(instance_id, "chen", "agree")
        until(lambda: are_all_delivered(world, at_least=4))
        world.work_until(lambda: state_of(number) == "approved", seconds=60)
    assert len(events(world)) == 4
