"""A portal with made-up requests and grants: lists care about rows, not how they came."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from portal.database import transaction
from portal.extensions import db
from portal.models import AccessRequest, Grant, PersonRole, RequestItem, Resource
from portal.models.person import Role
from tests.portal_world import World, csrf_token
from tests.services.conftest import shared_world, world
from tests.services.made_up_requests import AT, MadeUpRequests
from tests.services.story import person_named

__all__ = ["shared_world", "world"]


@pytest.fixture
def made(world: World) -> MadeUpRequests:
    return MadeUpRequests(world)


@pytest.fixture
def alice(world: World) -> FlaskClient:
    """An organization admin."""
    return world.client("alice")


def id_of(world: World, user_id: str) -> int:
    return int(world.look(lambda: person_named(user_id).id))


def give_role(world: World, user_id: str, role: Role) -> None:
    with world.app.app_context(), transaction() as session:
        session.add(PersonRole(person_id=person_named(user_id).id, role=role.value, given_at=AT))


def grant(world: World, number: str, *, approved_at: datetime = AT, **changes: Any) -> int:
    """Add what became of a request's first item and return the grant's id."""
    with world.app.app_context(), transaction() as session:
        item = session.query(RequestItem).join(AccessRequest).filter_by(number=number).first()
        assert item is not None
        row = Grant(
            **{
                "item_id": item.id,
                "request_id": item.request_id,
                "person_id": item.request.requester_id,
                "resource_id": item.resource_id,
                "entitlement": item.entitlement,
                "target": "manual",
                "state": "active",
                "approved_at": approved_at,
                "active_at": approved_at,
                "expires_at": approved_at + timedelta(days=7),
                **changes,
            }
        )
        session.add(row)
        session.flush()
        return row.id


def resource_of(external_id: str) -> int:
    return int(db.session.query(Resource).filter_by(external_id=external_id).one().id)


def post(client: FlaskClient, address: str, **form: str) -> Any:
    """Send a form with its token."""
    token = csrf_token(client.get("/requests/new").text)
    return client.post(address, data={"csrf_token": token, **form})
