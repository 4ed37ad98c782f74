"""The catalogue of resources that people can ask access to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from portal.extensions import db
from portal.models import Resource

SEARCH_LIMIT = 50


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """Finds resources."""

    def search(self, query: str = "") -> Sequence[Resource]:
        """Return resources whose name or workspace contains ``query``, by name."""
        statement = select(Resource).order_by(Resource.name).limit(SEARCH_LIMIT)
        if query.strip():
            pattern = f"%{_escaped(query.strip())}%"
            statement = statement.where(
                Resource.name.ilike(pattern, escape="\\") | Resource.workspace.ilike(pattern, escape="\\")
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


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
