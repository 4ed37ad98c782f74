"""Fills the catalogue from a CSV file: looked at first without changing anything, then all of it or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.models import AuditEntry, DingTalkApp, Person, Resource, ResourceImport
from portal.models.resource import ResourceSource
from portal.rules.permissions import Permission
from portal.services.audit import PORTAL, Actor, record
from portal.services.catalogue.bulk_writing import ReadyRows, make_ready, write
from portal.services.catalogue.csv_lines import Lines, read_lines
from portal.services.catalogue.csv_text import rows_in, text_in
from portal.services.catalogue.import_report import report_of
from portal.services.catalogue.wanted_resource import Changes, compare, kept_resources, workspaces
from portal.services.faults import FieldFault, NotThere, Problem, ProblemReason
from portal.services.permissions import require

# A file that was looked at and left lies around no longer than this.
KEPT_FOR = timedelta(days=1)
LONGEST_FILE_NAME = 200


@dataclass(frozen=True, kw_only=True)
class Looked:
    """A file compared with the catalogue as it was after ``last_change`` (an audit entry's id)."""

    lines: Lines
    changes: Changes
    ready: ReadyRows
    report: dict[str, Any]
    last_change: int


@dataclass(frozen=True, kw_only=True)
class CsvImport:
    """Looks at files and applies them."""

    clock: Clock

    def look(self, actor: Actor, person: Person, *, file_name: str, content: bytes) -> int:
        """Keep a file with what it would change, and return its id; nothing of the catalogue changes.

        Raises ``FieldFault`` on ``file`` when it cannot be read at all, ``NotAllowed``.
        """
        require(person, Permission.KEEP_CATALOGUE)
        read = text_in(content)
        report = self._look(read, actor=actor).report
        with transaction() as session:
            session.execute(
                delete(ResourceImport).where(
                    ResourceImport.applied_at.is_(None),
                    ResourceImport.created_at < self.clock.now() - KEPT_FOR,
                )
            )
            row = ResourceImport(
                started_by_id=actor.person_id,
                file_name=file_name[-LONGEST_FILE_NAME:],
                content=read,
                report=report,
                created_at=self.clock.now(),
            )
            session.add(row)
            session.flush()
            return row.id

    def view(self, person: Person, import_id: int) -> ResourceImport:
        """Return an import of one's own; raises ``NotThere`` for others and ``NotAllowed``."""
        require(person, Permission.KEEP_CATALOGUE)
        row = db.session.get(ResourceImport, import_id)
        if row is None or row.started_by_id != person.id:
            raise NotThere
        return row

    def apply(self, actor: Actor, person: Person, import_id: int) -> None:
        """Do what the report of an import says, all of it or nothing; doing it again changes nothing.

        Raises ``Problem``: ``IMPORT_HAS_FAULTS``, and ``CATALOGUE_CHANGED`` when the file would do something else by
        now; the report then tells that, and asks again. Raises ``NotThere`` and ``NotAllowed``.
        """
        row = self.view(person, import_id)
        if row.applied_at is not None:
            return
        seen, file_name, content = row.report, row.file_name, row.content
        try:
            with self._looked(content, actor=actor) as (session, looked):
                if looked.lines.faults:
                    raise Problem(ProblemReason.IMPORT_HAS_FAULTS)
                locked = session.get_one(ResourceImport, import_id, with_for_update=True)
                if locked.applied_at is not None:
                    return
                if looked.report["fingerprint"] != seen["fingerprint"]:
                    raise _CatalogueChanged
                self._write(session, actor, looked, file_name=file_name)
                locked.applied_at, locked.content = self.clock.now(), ""
        except _CatalogueChanged as changed:
            fresh = self._look(content, actor=actor).report
            with transaction() as session:
                session.get_one(ResourceImport, import_id, with_for_update=True).report = fresh
            raise Problem(ProblemReason.CATALOGUE_CHANGED) from changed

    def take_over(self, content: bytes, *, file_name: str, is_dry_run: bool) -> dict[str, Any]:
        """Look at a file and, unless ``is_dry_run`` or something is wrong with it, apply it: for the command.

        Returns the report. Raises ``FieldFault`` on ``file``, ``Problem(CATALOGUE_CHANGED)``.
        """
        read = text_in(content)
        if is_dry_run:
            return self._look(read, actor=PORTAL).report
        try:
            with self._looked(read, actor=PORTAL) as (session, looked):
                if not looked.lines.faults:
                    self._write(session, PORTAL, looked, file_name=file_name)
                return looked.report
        except _CatalogueChanged as changed:
            raise Problem(ProblemReason.CATALOGUE_CHANGED) from changed

    @contextmanager
    def _looked(self, content: str, *, actor: Actor) -> Iterator[tuple[Session, Looked]]:
        """Look at a file, and open the transaction in which the catalogue is still as it was looked at.

        SQLite has one writer at a time, so looking comes first, and whether something of the catalogue was changed
        meanwhile is told by the audit trail. PostgreSQL lets others work beside, so there the table is held still.
        Raises ``_CatalogueChanged``.
        """
        if db.engine.dialect.name == "postgresql":
            with transaction() as session:
                session.execute(text("LOCK TABLE portal_resource IN SHARE ROW EXCLUSIVE MODE"))
                yield session, self._look(content, actor=actor)
            return
        looked = self._look(content, actor=actor)
        with transaction() as session:
            if _last_change(session, after=looked.last_change) != looked.last_change:
                raise _CatalogueChanged
            yield session, looked

    def _look(self, content: str, *, actor: Actor) -> Looked:
        """Read, compare and make ready: the long part."""
        session = db.session()
        last_change = _last_change(session)
        corp_id = session.scalar(select(DingTalkApp.corp_id))
        known = workspaces(session)
        lines = read_lines(rows_in(content), workspaces=known, has_organisation=bool(corp_id))
        if not lines.count:
            raise FieldFault("file", "empty")
        kept = kept_resources(session, [each.key for each in lines.wanted])
        total = session.scalar(select(func.count()).select_from(Resource)) or 0
        changes = compare(lines.wanted, kept, total=total)
        people = set(session.scalars(select(Person.user_id).where(Person.corp_id == corp_id)))
        ready = make_ready(
            changes,
            actor=actor,
            corp_id=corp_id,
            source=ResourceSource.IMPORT,
            at=self.clock.now(),
            workspace_ids=lines.workspace_ids,
        )
        report = report_of(
            lines,
            changes,
            new_workspaces=ready.workspaces - known.keys(),
            new_owners=ready.owners.keys() - people,
        )
        return Looked(lines=lines, changes=changes, ready=ready, report=report, last_change=last_change)

    def _write(self, session: Session, actor: Actor, looked: Looked, *, file_name: str) -> None:
        write(session, looked.ready)
        record(
            session,
            actor,
            "catalogue.imported",
            at=self.clock.now(),
            subject=("catalogue", "import"),
            after={"file": file_name, "lines": looked.lines.count, **looked.changes.counts},
        )


class _CatalogueChanged(Exception):
    """The catalogue is not what the file was compared with."""


def _last_change(session: Session, *, after: int = 0) -> int:
    """Return the id of the last audit entry about the catalogue (at least ``after``, which is quicker)."""
    about = AuditEntry.subject_type.in_(("catalogue", "resource"))
    newest = select(func.max(AuditEntry.id)).where(about, AuditEntry.id > after)
    return session.scalar(newest) or after
