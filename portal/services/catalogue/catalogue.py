"""The catalogue of resources that people can ask access to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from portal.extensions import db
from portal.models import Person, Resource
from portal.models.resource import ResourceType
from portal.services.names import resource_type_name

SEARCH_LIMIT = 50


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """Finds resources."""

    def search(self, query: str = "") -> Sequence[Resource]:
        """Return at most ``SEARCH_LIMIT`` resources by name; ``query`` is in what the reader sees of them.

        That is the name, the workspace, the owner's name, or the type in the reader's language.
        """
        statement = select(Resource).order_by(Resource.name, Resource.id).limit(SEARCH_LIMIT)
        if wanted := query.strip():
            pattern = f"%{_escaped(wanted)}%"
            statement = statement.where(
                Resource.name.ilike(pattern, escape="\\")
                | Resource.workspace.ilike(pattern, escape="\\")
                | Resource.owner.has(Person.name.ilike(pattern, escape="\\"))
                | Resource.resource_type.in_(_types_called(wanted))
            )
        return db.session.scalars(statement).all()

    def find(self, *, resource_type: str, external_id: str) -> Resource | None:
        """Return the resource that a deep link names, or None."""
        return db.session.scalar(
            select(Resource).filter_by(resource_type=resource_type, external_id=external_id)
        )

    def get(self, resource_id: int) -> Resource | None:
        """Return a resource by our id, or None."""
        return db.session.get(Resource, resource_id)


def _types_called(wanted: str) -> list[str]:
    return [each.value for each in ResourceType if wanted.casefold() in resource_type_name(each).casefold()]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
