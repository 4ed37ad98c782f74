"""The workspaces that resources stand in."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Workspace


def all_workspaces(session: Session, *, within: Collection[int] | None = None) -> Sequence[Workspace]:
    """Return workspaces by name: all, or those of the ids in ``within``."""
    statement = select(Workspace).order_by(Workspace.name, Workspace.id)
    if within is not None:
        statement = statement.where(Workspace.id.in_(within))
    return session.scalars(statement).all()
