"""Fills the catalogue from a CSV file: looked at first without changing anything, then all of it or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Connection, delete, func, select, text
from sqlalchemy.orm import Session

from portal.clock import Clock
from portal.database import transaction, writing
from portal.extensions import db
from portal.models import AuditEntry, DingTalkApp, Person, Resource, ResourceImport
from portal.models.resource import ResourceSource
from portal.rules.permissions import Permission
from portal.services.audit import PORTAL, Actor, record
from portal.services.catalogue.bulk_writing import write
from portal.services.catalogue.csv_lines import Lines
from portal.services.catalogue.csv_text import rows_in, text_in
from portal.services.catalogue.import_report import ImportReport
from portal.services.catalogue.staged_rows import StagedRows
from portal.services.catalogue.wanted_resource import (
    AT_ONCE,
    WantedResource,
    compare,
    kept_resources,
    workspaces,
)
from portal.services.faults import FieldFault, NotThere, Problem, ProblemReason
from portal.services.permissions import require

# A file that was looked at and left lies around no longer than this.
KEPT_FOR = timedelta(days=1)
LONGEST_FILE_NAME = 200
# SQLite's usual 2 MB would write and read the indexes of a large import again and again.
CACHE_KIBIBYTES = 32 * 1024


@dataclass(frozen=True, kw_only=True)
class Looked:
    """A file compared with the catalogue as it was after ``last_change`` (an audit entry's id)."""

    rows: StagedRows
    workspace_ids: Mapping[str, str]
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
        report = self._report(read)
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
            with self._looked(content) as (session, looked):
                if looked.report["fault_count"]:
                    raise Problem(ProblemReason.IMPORT_HAS_FAULTS)
                locked = session.get_one(ResourceImport, import_id, with_for_update=True)
                if locked.applied_at is not None:
                    return
                if looked.report["fingerprint"] != seen["fingerprint"]:
                    raise _CatalogueChanged
                self._write(session, actor, looked, file_name=file_name)
                locked.applied_at, locked.content = self.clock.now(), ""
        except _CatalogueChanged as changed:
            fresh = self._report(content)
            with transaction() as session:
                session.get_one(ResourceImport, import_id, with_for_update=True).report = fresh
            raise Problem(ProblemReason.CATALOGUE_CHANGED) from changed

    def take_over(self, content: bytes, *, file_name: str, is_dry_run: bool) -> dict[str, Any]:
        """Look at a file and, unless ``is_dry_run`` or something is wrong with it, apply it: for the command.

        Returns the report. Raises ``FieldFault`` on ``file``, ``Problem(CATALOGUE_CHANGED)``.
        """
        read = text_in(content)
        if is_dry_run:
            return self._report(read)
        try:
            with self._looked(read) as (session, looked):
                if not looked.report["fault_count"]:
                    self._write(session, PORTAL, looked, file_name=file_name)
                return looked.report
        except _CatalogueChanged as changed:
            raise Problem(ProblemReason.CATALOGUE_CHANGED) from changed

    def _report(self, content: str) -> dict[str, Any]:
        """Look at a file without doing anything."""
        with _own_connection() as connection, connection.begin():
            return _look(connection, content).report

    @contextmanager
    def _looked(self, content: str) -> Iterator[tuple[Session, Looked]]:
        """Look at a file, and open the transaction in which the catalogue is still as it was looked at.

        SQLite has one writer at a time, so looking comes first, and whether something of the catalogue was changed
        meanwhile is told by the audit trail. PostgreSQL lets others work beside, so there the table is held still.
        Raises ``_CatalogueChanged``.
        """
        with _own_connection() as connection:
            if connection.dialect.name == "postgresql":
                with connection.begin(), Session(connection) as session:
                    session.execute(text("LOCK TABLE portal_resource IN SHARE ROW EXCLUSIVE MODE"))
                    yield session, _look(connection, content)
                    session.commit()
                return
            with connection.begin():
                looked = _look(connection, content)
            with writing(), connection.begin(), Session(connection) as session:
                if _last_change(session, after=looked.last_change) != looked.last_change:
                    raise _CatalogueChanged
                yield session, looked
                # The connection's own transaction ends it; this only sends what the session still holds.
                session.commit()

    def _write(self, session: Session, actor: Actor, looked: Looked, *, file_name: str) -> None:
        at, report = self.clock.now(), looked.report
        write(
            looked.rows,
            actor=actor,
            source=ResourceSource.IMPORT,
            at=at,
            workspace_ids=looked.workspace_ids,
        )
        record(
            session,
            actor,
            "catalogue.imported",
            at=at,
            subject=("catalogue", "import"),
            after={"file": file_name, "lines": report["lines"], **report["counts"]},
        )


@contextmanager
def _own_connection() -> Iterator[Connection]:
    """Lend a connection on which nothing else happens; on SQLite with room for the indexes, and thrown away after.

    With it go its temporary table and its room.
    """
    db.session.rollback()
    with db.engine.connect() as connection:
        if connection.dialect.name != "sqlite":
            yield connection
            return
        with connection.begin():
            connection.exec_driver_sql(f"PRAGMA cache_size=-{CACHE_KIBIBYTES}")
        try:
            yield connection
        finally:
            connection.invalidate()


def _look(connection: Connection, content: str) -> Looked:
    """Read, compare and lay out: the long part."""
    with Session(connection) as session:
        last_change = _last_change(session)
        corp_id = session.scalar(select(DingTalkApp.corp_id))
        lines = Lines(rows_in(content), workspaces=workspaces(session), has_organisation=bool(corp_id))
        total = session.scalar(select(func.count()).select_from(Resource)) or 0
        rows, report = StagedRows(connection, corp_id=corp_id), ImportReport()
        for wanted in _lots(lines.wanted()):
            changes = compare(wanted, kept_resources(session, [each.key for each in wanted]), total=0)
            report.add(changes)
            rows.add(changes)
    if not lines.count:
        raise FieldFault("file", "empty")
    rows.find_ids()
    told = report.to_json(lines, total=total, workspaces=rows.unmet_workspaces(), owners=rows.unmet_owners())
    return Looked(rows=rows, workspace_ids=lines.workspace_ids, report=told, last_change=last_change)


def _lots(wanted: Iterator[WantedResource]) -> Iterator[list[WantedResource]]:
    while lot := list(islice(wanted, AT_ONCE)):
        yield lot


class _CatalogueChanged(Exception):
    """The catalogue is not what the file was compared with."""


def _last_change(session: Session, *, after: int = 0) -> int:
    """Return the id of the last audit entry about the catalogue (at least ``after``, which is quicker)."""
    about = AuditEntry.subject_type.in_(("catalogue", "resource", "workspace"))
    newest = select(func.max(AuditEntry.id)).where(about, AuditEntry.id > after)
    return session.scalar(newest) or after
