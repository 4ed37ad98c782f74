"""The catalogue of resources that people can ask access to: searched, listed, found by what a link says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import Session

from portal.extensions import db
from portal.models import Person, Resource
from portal.models.resource import ResourceSource, ResourceType
from portal.rules.resource_link import ids_in, is_link, link_key
from portal.services.names import resource_type_name
from portal.services.text_search import holds

SEARCH_LIMIT = 50


@dataclass(frozen=True, kw_only=True)
class CatalogueWanted:
    """What a keeper wants to see; ``after`` is the last row of the page before, by name and id."""

    text: str = ""
    resource_type: ResourceType | None = None
    source: ResourceSource | None = None
    workspace_id: int | None = None
    is_gone: bool = False
    workspace_ids: frozenset[int] | None = None
    after_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class CataloguePage:
    """One page of the list; ``next_after_id`` is empty on the last."""

    resources: Sequence[Resource]
    next_after_id: int | None


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """Finds resources. Those that are gone are neither listed nor offered."""

    def search(self, query: str = "") -> Sequence[Resource]:
        """Return at most ``SEARCH_LIMIT`` resources by name.

        ``query`` is in what the reader sees of them (the name, the workspace, the owner's name, or the type in the
        reader's language), or it is an address that was pasted.
        """
        statement = select(Resource).where(Resource.gone_at.is_(None), _is_about(db.session(), query))
        return db.session.scalars(statement.order_by(Resource.name, Resource.id).limit(SEARCH_LIMIT)).all()

    def page(self, wanted: CatalogueWanted) -> CataloguePage:
        """Return one page of the keepers' list, by name."""
        statement = select(Resource).where(_is_about(db.session(), wanted.text))
        gone = Resource.gone_at
        statement = statement.where(gone.is_not(None) if wanted.is_gone else gone.is_(None))
        if wanted.resource_type is not None:
            statement = statement.where(Resource.resource_type == wanted.resource_type.value)
        if wanted.source is not None:
            statement = statement.where(Resource.source == wanted.source.value)
        if wanted.workspace_id is not None:
            statement = statement.where(Resource.workspace_id == wanted.workspace_id)
        if wanted.workspace_ids is not None:
            statement = statement.where(Resource.workspace_id.in_(wanted.workspace_ids))
        last = self.get(wanted.after_id) if wanted.after_id is not None else None
        if last is not None:
            later_name = Resource.name > last.name
            statement = statement.where(
                or_(later_name, and_(Resource.name == last.name, Resource.id > last.id))
            )
        ordered = statement.order_by(Resource.name, Resource.id).limit(SEARCH_LIMIT + 1)
        found = db.session.scalars(ordered).all()
        is_last = len(found) <= SEARCH_LIMIT
        shown = found[:SEARCH_LIMIT]
        return CataloguePage(resources=shown, next_after_id=None if is_last else shown[-1].id)

    def find(self, *, resource_type: str, external_id: str) -> Resource | None:
        """Return the resource that a deep link names, or None."""
        return db.session.scalar(
            select(Resource).filter_by(resource_type=resource_type, external_id=external_id, gone_at=None)
        )

    def get(self, resource_id: int) -> Resource | None:
        """Return a resource by our id, gone or not, or None."""
        return db.session.get(Resource, resource_id)


def _is_about(session: Session, query: str) -> ColumnElement[bool]:
    wanted = query.strip()
    if not wanted:
        return true()
    if is_link(wanted):
        return _is_linked(session, wanted)
    conditions = [
        holds(Resource.name, wanted),
        holds(Resource.workspace, wanted),
        holds(Resource.owner_name, wanted),
        Resource.owner_id.in_(select(Person.id).where(holds(Person.name, wanted))),
        Resource.external_id == wanted,
    ]
    if types := _types_called(wanted):
        conditions.append(Resource.resource_type.in_(types))
    return or_(*conditions)


def _is_linked(session: Session, url: str) -> ColumnElement[bool]:
    same = and_(Resource.link_key == link_key(url), Resource.link_key != "")
    is_known = session.scalar(select(Resource.id).where(same, Resource.gone_at.is_(None)).limit(1))
    if is_known is not None:
        return same
    ids = ids_in(url)
    return Resource.external_id.in_(ids) if ids else false()


def _types_called(wanted: str) -> list[str]:
    return [each.value for each in ResourceType if wanted.casefold() in resource_type_name(each).casefold()]
