"""Events put into the inbox by hand, as intake leaves them there."""

from __future__ import annotations

import json

from portal.database import transaction
from portal.extensions import db
from portal.models import CallbackEvent
from tests.portal_world import World


def keep_event(world: World, key: str, **columns: object) -> int:
    """Put an event into the inbox and return its id; ``columns`` replace what intake would have stored."""
    now = world.clock.now()
    given = {
        "event_key": key,
        "event_type": "bpms_instance_change",
        "kind": "finish",
        "instance_id": f"instance-{key}",
        "owner_key_kind": "app_key",
        "payload": json.dumps({"EventType": "bpms_instance_change", "eventId": key}),
        "received_at": now,
        "state": "received",
        "due_at": now,
        **columns,
    }
    with world.app.app_context(), transaction() as session:
        event = CallbackEvent(**given)
        session.add(event)
        session.flush()
        return event.id


def park_event(world: World, key: str, **columns: object) -> int:
    """Put a parked event into the inbox and return its id."""
    parked = {"state": "parked", "reason": "unknown_instance", "due_at": None, "attempts": 6}
    return keep_event(world, key, **{**parked, **columns})


def look_at(world: World, event_id: int) -> CallbackEvent:
    return world.look(lambda: db.session.get_one(CallbackEvent, event_id))  # type: ignore[no-any-return]
