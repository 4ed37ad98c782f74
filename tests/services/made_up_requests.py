"""Rows of requests in any state, put straight into the database: searching cares about rows, not how they came."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from portal.database import transaction
from portal.extensions import db
from portal.models import (
    AccessRequest,
    Approval,
    ApprovalTemplate,
    Person,
    PersonRole,
    RequestItem,
    Resource,
)
from portal.models.person import Role
from portal.rules.request_number import request_number
from tests.portal_world import World

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
LOT = 2_000


class MadeUpRequests:
    """Adds people, resources and requests to a world; what it returns are ids."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._next_id = 1
        with self._writing() as session:
            admin = Person(corp_id="c", user_id="an-admin", name="Admin", departments=[], created_at=AT)
            admin.roles = [PersonRole(role=Role.ORGANIZATION_ADMIN, given_at=AT)]
            session.add(admin)
            session.flush()
            self.admin = admin.id
            template = ApprovalTemplate(
                corp_id="c",
                source="custom",
                name="T",
                process_code="P",
                language="en",
                field_mapping={},
                mode="peer_to_peer",
                flow=[],
                created_by_id=admin.id,
                created_at=AT,
                verified_at=AT,
            )
            session.add(template)
            session.flush()
            self._template = template.id

    def person(self, name: str, user_id: str = "") -> int:
        with self._writing() as session:
            row = Person(
                corp_id="c",
                user_id=user_id or name,
                name=name,
                departments=[],
                created_at=AT,
            )
            session.add(row)
            session.flush()
            return row.id

    def resource(self, name: str, workspace: str = "") -> int:
        with self._writing() as session:
            row = Resource(
                resource_type="dashboard", external_id=secrets.token_hex(8), name=name, workspace=workspace
            )
            session.add(row)
            session.flush()
            return row.id

    def request(
        self, requester: int, approver: int, resource: int, *, state: str = "approved", year: int = 2026
    ) -> str:
        """Add the newest request and return its number."""
        return self.requests([(requester, approver, resource, state)], year=year)[0]

    def requests(self, asked: Sequence[tuple[int, int, int, str]], *, year: int = 2026) -> list[str]:
        """Add many: requester, approver, resource and state of each, oldest first. Returns their numbers."""
        ids = range(self._next_id, self._next_id + len(asked))
        self._next_id = ids.stop
        numbered = list(zip(ids, asked, strict=True))
        with self._writing() as session:
            for first in range(0, len(numbered), LOT):
                lot = numbered[first : first + LOT]
                session.execute(insert(AccessRequest), [self._request(each, year) for each in lot])
                session.execute(insert(Approval), [self._approval(each) for each in lot])
                session.execute(insert(RequestItem), [self._item(each) for each in lot])
        return [request_number(each, year=year) for each in ids]

    def person_of(self, person_id: int) -> Person:
        """Return the row as the session of a web request has it."""
        return db.session.get_one(Person, person_id)

    def _writing(self) -> Any:
        return _Writing(self._world)

    def _request(self, numbered: tuple[int, tuple[int, int, int, str]], year: int) -> dict[str, Any]:
        request_id, (requester, _, _, state) = numbered
        return {
            "id": request_id,
            "number": request_number(request_id, year=year),
            "requester_id": requester,
            "department_id": 1,
            "reason": "r",
            "requested_duration_days": 7,
            "language": "en",
            "state": state,
            "submission_key": secrets.token_hex(16),
            "submitted_at": AT,
        }

    def _approval(self, numbered: tuple[int, tuple[int, int, int, str]]) -> dict[str, Any]:
        request_id, (_, approver, _, state) = numbered
        return {
            "id": request_id,
            "request_id": request_id,
            "channel": "dingtalk",
            "position": 1,
            "template_id": self._template,
            "approver_id": approver,
            "approver_reason": "owner",
            "state": state,
            "version": 1,
        }

    def _item(self, numbered: tuple[int, tuple[int, int, int, str]]) -> dict[str, Any]:
        request_id, (_, _, resource, _) = numbered
        ids = dict.fromkeys(("id", "request_id", "approval_id"), request_id)
        return {**ids, "resource_id": resource, "entitlement": "view"}


class _Writing:
    """One transaction of the world's app."""

    def __init__(self, world: World) -> None:
        self._context = world.app.app_context()

    def __enter__(self) -> Session:
        self._context.push()
        self._transaction = transaction()
        return self._transaction.__enter__()

    def __exit__(self, *error: Any) -> None:
        self._transaction.__exit__(*error)
        self._context.pop()
