"""Somebody with a browser without JavaScript on the People pages."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.extensions import db
from portal.models import Absence, AuditEntry, Person, PersonRole
from tests.portal_world import World, csrf_token
from tests.services.story import person_named


class Visitor:
    """Sends forms with the page's token."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self._token = csrf_token(client.get("/people/me").text)

    def get(self, address: str) -> TestResponse:
        return self.client.get(address)

    def post(self, address: str, **typed: Any) -> TestResponse:
        return self.client.post(address, data={"csrf_token": self._token, **typed})


def visit(world: World, who: str) -> Visitor:
    return Visitor(world.client(who))


def id_of(world: World, user_id: str) -> int:
    return int(world.look(lambda: person_named(user_id).id))


def roles_of(world: World, user_id: str) -> set[str]:
    def read() -> set[str]:
        held = db.session.query(PersonRole.role).join(Person).filter(Person.user_id == user_id)
        return {role for (role,) in held}

    return set(world.look(read))


def absence_of(world: World, user_id: str) -> Absence | None:
    return world.look(lambda: db.session.get(Absence, person_named(user_id).id))  # type: ignore[no-any-return]


def audited(world: World, action: str) -> list[tuple[str, dict[str, Any] | None]]:
    def read() -> list[tuple[str, dict[str, Any] | None]]:
        entries = db.session.query(AuditEntry).filter_by(action=action).order_by(AuditEntry.id)
        return [(entry.actor_name, entry.after or entry.before) for entry in entries]

    return list(world.look(read))
