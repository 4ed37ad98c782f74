"""Resources kept by hand: added, changed, retired and brought back, by those whose catalogue it is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.grants.grant_target import TargetName
from portal.models import Person, Resource, Workspace
from portal.models.resource import EditPermission, ResourceSource, ResourceType
from portal.rules.permissions import Permission
from portal.rules.resource_link import is_link, link_key
from portal.services.administered import administered_workspaces
from portal.services.audit import Actor, record
from portal.services.catalogue.csv_lines import LONGEST, Column, columns_in
from portal.services.catalogue.wanted_resource import RETIRED
from portal.services.faults import FieldFault, NotThere, Problem, ProblemReason
from portal.services.lists.scope import oversees
from portal.services.people import People
from portal.services.permissions import may


@dataclass(frozen=True, kw_only=True)
class ResourceForm:
    """A resource as it was typed. ``owner`` is a DingTalk userid; ``seen`` is the version that was looked at."""

    resource_type: str
    external_id: str
    name: str
    workspace: str = ""
    owner: str = ""
    owner_name: str = ""
    link: str = ""
    description: str = ""
    confirmation: str = ""
    target: str = ""
    edit_permission: str = ""
    masked_columns: str = ""
    seen: str = ""


@dataclass(frozen=True, kw_only=True)
class ResourceKeeping:
    """Changes single resources. Whoever keeps a workspace as its administrator keeps what stands in it."""

    clock: Clock
    people: People

    def kept_workspaces(self, person: Person) -> frozenset[int] | None:
        """Return the workspaces whose resources ``person`` may keep; None means all, even those without one."""
        return _kept_workspaces(db.session(), person)

    def sees(self, person: Person) -> bool:
        """Whether the catalogue as keepers see it is shown to ``person``: to the same people as others' requests."""
        return oversees(db.session(), person)

    def keeps_any(self, person: Person) -> bool:
        """Whether ``person`` keeps the whole catalogue, or at least a workspace's."""
        kept = self.kept_workspaces(person)
        return kept is None or bool(kept)

    def may_keep(self, person: Person, resource: Resource) -> bool:
        """Whether ``person`` may change this resource."""
        kept = self.kept_workspaces(person)
        return kept is None or resource.workspace_id in kept

    def kept(self, person: Person, resource_id: int) -> Resource:
        """Return a resource that ``person`` may change; raises ``NotThere`` for others."""
        resource = db.session.get(Resource, resource_id)
        if resource is None or not self.may_keep(person, resource):
            raise NotThere
        return resource

    def add(self, actor: Actor, person: Person, form: ResourceForm) -> int:
        """Add a resource and return its id.

        Raises ``FieldFault`` and ``ChannelError`` (the owner is looked up in the directory).
        """
        _check(form)
        owner_id = self._owner(form.owner) if form.owner else None
        with transaction() as session:
            key = {"resource_type": form.resource_type, "external_id": form.external_id}
            if session.scalar(select(Resource.id).filter_by(**key)) is not None:
                raise FieldFault("external_id", "taken")
            resource = Resource(**key, source=ResourceSource.MANUAL.value)
            _fill(session, person, resource, form, owner_id=owner_id)
            session.add(resource)
            session.flush()
            record(
                session,
                actor,
                "resource.added",
                at=self.clock.now(),
                subject=("resource", resource.id),
                after=facts_of(resource),
            )
            return resource.id

    def change(self, actor: Actor, person: Person, resource_id: int, form: ResourceForm) -> None:
        """Save a resource as typed; its type and id stay.

        Raises ``FieldFault``, ``ChannelError``, ``NotThere``, ``Problem``: ``RESOURCE_GONE``, and
        ``RESOURCE_CHANGED`` when somebody saved it since ``form.seen``.
        """
        resource = self.kept(person, resource_id)
        is_same_owner = resource.owner is not None and resource.owner.user_id == form.owner
        owner_id = resource.owner_id if is_same_owner else None
        _check(form)
        if form.owner and not is_same_owner:
            owner_id = self._owner(form.owner)
        with transaction() as session:
            resource = _locked(session, person, resource_id)
            if resource.gone_at is not None:
                raise Problem(ProblemReason.RESOURCE_GONE)
            if form.seen != version_of(resource):
                raise Problem(ProblemReason.RESOURCE_CHANGED)
            before = facts_of(resource)
            _fill(session, person, resource, form, owner_id=owner_id)
            session.flush()
            after = facts_of(resource)
            if after != before:
                record(
                    session,
                    actor,
                    "resource.changed",
                    at=self.clock.now(),
                    subject=("resource", resource.id),
                    before={name: value for name, value in before.items() if after[name] != value},
                    after={name: value for name, value in after.items() if before[name] != value},
                )

    def retire(self, actor: Actor, person: Person, resource_id: int) -> None:
        """Offer a resource no longer; what was granted of it stays. Doing it again changes nothing."""
        self._turn(actor, person, resource_id, action="resource.retired", is_back=False)

    def bring_back(self, actor: Actor, person: Person, resource_id: int) -> None:
        """Offer a retired resource again. Doing it again changes nothing."""
        self._turn(actor, person, resource_id, action="resource.brought_back", is_back=True)

    def _owner(self, user_id: str) -> int:
        try:
            return self.people.remember(user_id)
        except FieldFault as fault:
            raise FieldFault("owner", fault.reason) from fault

    def _turn(self, actor: Actor, person: Person, resource_id: int, *, action: str, is_back: bool) -> None:
        with transaction() as session:
            resource = _locked(session, person, resource_id)
            if (resource.gone_at is None) == is_back:
                return
            resource.gone_at = None if is_back else self.clock.now()
            resource.facts = {**(resource.facts or {}), RETIRED: not is_back}
            record(
                session,
                actor,
                action,
                at=self.clock.now(),
                subject=("resource", resource.id),
                after={"name": resource.name},
            )


def facts_of(resource: Resource) -> dict[str, Any]:
    """Return what a keeper can say of a resource, as the audit trail tells it."""
    return {
        "resource_type": resource.resource_type,
        "external_id": resource.external_id,
        "name": resource.name,
        "workspace": resource.workspace,
        "owner_id": resource.owner_id,
        "owner_name": resource.owner_name,
        "link": resource.link,
        "description": resource.description,
        "confirmation": resource.confirmation,
        "target": resource.target,
        "edit_permission": resource.edit_permission,
        "columns": resource.columns,
    }


def version_of(resource: Resource) -> str:
    """Return a digest of what a keeper can say of a resource: two who save the same one are told apart by it."""
    return hashlib.sha256(repr(sorted(facts_of(resource).items())).encode()).hexdigest()[:16]


def _kept_workspaces(session: Session, person: Person) -> frozenset[int] | None:
    if may(person, Permission.KEEP_CATALOGUE):
        return None
    if not person.is_active:
        return frozenset()
    return frozenset(session.scalars(administered_workspaces(person.id)))


def _locked(session: Session, person: Person, resource_id: int) -> Resource:
    resource = session.get(Resource, resource_id, with_for_update={"of": Resource})
    kept = _kept_workspaces(session, person)
    if resource is None or (kept is not None and resource.workspace_id not in kept):
        raise NotThere
    return resource


def _fill(
    session: Session, person: Person, resource: Resource, form: ResourceForm, *, owner_id: int | None
) -> None:
    kept = _kept_workspaces(session, person)
    home = session.scalar(select(Workspace).filter_by(name=form.workspace)) if form.workspace else None
    if kept is not None and (home is None or home.id not in kept):
        raise FieldFault("workspace", "not_yours")
    if home is None and form.workspace:
        home = Workspace(name=form.workspace)
        session.add(home)
        session.flush()
    resource.name, resource.workspace = form.name, form.workspace
    resource.workspace_id = home.id if home else None
    resource.owner_id, resource.owner_name = owner_id, form.owner_name
    resource.link, resource.link_key = form.link, link_key(form.link)
    resource.description, resource.confirmation = form.description, form.confirmation
    resource.target, resource.edit_permission = form.target or None, form.edit_permission or None
    masked = {each["name"]: each for each in columns_in(form.masked_columns)}
    open_ones = [
        {**each, "is_masked": False} for each in resource.columns or () if each["name"] not in masked
    ]
    resource.columns = [*masked.values(), *open_ones]


def _check(form: ResourceForm) -> None:
    if form.resource_type not in set(ResourceType):
        raise FieldFault("resource_type", "unknown")
    for name in ("external_id", "name"):
        if not getattr(form, name):
            raise FieldFault(name, "missing")
    for column, limit in LONGEST.items():
        if column != Column.WORKSPACE_ID and len(getattr(form, column.value)) > limit:
            raise FieldFault(column.value, "longer", limit=str(limit))
    if form.link and not is_link(form.link):
        raise FieldFault("link", "not_a_link")
    if form.target not in {"", *TargetName}:
        raise FieldFault("target", "unknown")
    if form.edit_permission not in {"", *EditPermission}:
        raise FieldFault("edit_permission", "unknown")
    if form.masked_columns and form.resource_type != ResourceType.DATASET:
        raise FieldFault("masked_columns", "no_dataset")
