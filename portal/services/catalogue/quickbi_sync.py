"""Reads the catalogue out of Quick BI: every night, and when somebody asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select, update

from portal.channels.failures import Failure, Retry
from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.grants.grant_target import TargetError, TargetName
from portal.grants.quickbi.catalogue import BiWorkspace, QuickBICatalogue
from portal.models import GrantTargetSettings, Person, Resource, Workspace
from portal.models.person import UserType
from portal.models.resource import ResourceSource
from portal.services.audit import PORTAL, Actor, record
from portal.services.catalogue.quickbi_taking import KnownPerson, Taken, take_workspace
from portal.services.faults import Problem, ProblemReason
from portal.services.work.chores import ChoreName, wake_chore

log = structlog.get_logger(__name__)

EVERY = timedelta(hours=24)
# A worker that starts makes all chores due: what was read this lately is not read again.
FRESH_FOR = timedelta(hours=20)
AFTER_FAILURE = timedelta(hours=1)
# One call each; who is left is asked about the next time.
MOST_PEOPLE_MATCHED = 500
_ROW = TargetName.QUICKBI.value


@dataclass(frozen=True, kw_only=True)
class SyncView:
    """How the reading stands. ``report`` is of the last one: ``counts``, ``failures`` by workspace, ``failure``."""

    is_connected: bool
    is_asked: bool = False
    synced_at: datetime | None = None
    report: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class QuickBISync:
    """One round reads everything; each workspace is a commit of its own, so that one that fails spoils no other."""

    clock: Clock
    catalogue: QuickBICatalogue

    def view(self) -> SyncView:
        """Return what the page of the reading shows."""
        row = db.session.get(GrantTargetSettings, _ROW)
        if row is None or not row.secret_sealed:
            return SyncView(is_connected=False)
        report = row.sync_report or {}
        return SyncView(
            is_connected=True,
            is_asked=bool(report.get("is_asked")),
            synced_at=row.synced_at,
            report=report if "counts" in report else None,
        )

    def ask(self, actor: Actor) -> None:
        """Let the worker read now.

        Raises ``Problem``: ``QUICKBI_NOT_CONNECTED``, and ``SYNC_IS_RUNNING`` while it was asked to and has not yet.
        """
        with transaction() as session:
            row = session.get(GrantTargetSettings, _ROW, with_for_update=True)
            if row is None or not row.secret_sealed:
                raise Problem(ProblemReason.QUICKBI_NOT_CONNECTED)
            if (row.sync_report or {}).get("is_asked"):
                raise Problem(ProblemReason.SYNC_IS_RUNNING)
            now = self.clock.now()
            row.sync_report = {**(row.sync_report or {}), "is_asked": True}
            wake_chore(session, ChoreName.SYNC_CATALOGUE, at=now)
            record(session, actor, "catalogue.sync_asked", at=now, subject=("catalogue", "quickbi"))

    def go_round(self) -> timedelta:
        """Read where it is time to, and return the pause until the next round."""
        row = db.session.get(GrantTargetSettings, _ROW)
        if row is None or not row.secret_sealed:
            return EVERY
        last, synced_at = row.sync_report or {}, row.synced_at
        is_wanted = last.get("is_asked") or last.get("failure") or last.get("failures")
        if not is_wanted and synced_at is not None and self.clock.now() - synced_at < FRESH_FOR:
            return EVERY - (self.clock.now() - synced_at)
        db.session.rollback()
        report = self.read_all()
        return AFTER_FAILURE if report["failure"] or report["failures"] else EVERY

    def read_all(self) -> dict[str, Any]:
        """Read everything there is, and return the report that is kept: counts, and what could not be read."""
        counts = dict.fromkeys(("workspaces", "new", "changed", "unchanged", "gone", "unknown", "members"), 0)
        failures: list[dict[str, Any]] = []
        failure: Failure | None = None
        try:
            workspaces = self.catalogue.workspaces()
            people = self._match_people(self.catalogue.user_types())
            for workspace in workspaces:
                taken = self._take(workspace, people, failures)
                if taken is not None:
                    counts["workspaces"] += 1
                    for name, count in taken.counts.items():
                        counts[name] += count
            if workspaces:
                counts["gone"] += self._leave_vanished(workspaces)
        except TargetError as error:
            failure = error.failure
            log.warning("catalogue.sync_failed", **failure.told)
        report = {
            "at": self.clock.now().isoformat(),
            "counts": counts,
            "failures": failures,
            "failure": failure.to_json() if failure else None,
        }
        self._finish(report)
        return report

    def _take(
        self, workspace: BiWorkspace, people: Mapping[str, KnownPerson], failures: list[dict[str, Any]]
    ) -> Taken | None:
        try:
            contents = self.catalogue.contents(workspace.external_id)
        except TargetError as error:
            if error.failure.retry == Retry.RETRYABLE:
                log.warning("catalogue.workspace_failed", **error.failure.told)
                failures.append({"workspace": workspace.name, "failure": error.failure.to_json()})
                return None
            raise
        with transaction() as session:
            return take_workspace(session, workspace, contents, people=people, at=self.clock.now())

    def _match_people(self, user_types: Mapping[str, UserType]) -> dict[str, KnownPerson]:
        """Find our people among Quick BI's users, and keep what each is there; returns them by user id there."""
        unmatched = select(Person.id, Person.union_id).where(
            Person.quickbi_user_id.is_(None), Person.union_id.is_not(None), Person.is_active
        )
        rows = db.session.execute(unmatched.order_by(Person.id).limit(MOST_PEOPLE_MATCHED)).all()
        db.session.rollback()
        found = {person_id: self.catalogue.user_id(union_id) for person_id, union_id in rows if union_id}
        with transaction() as session:
            for person_id, user_id in found.items():
                if user_id:
                    session.get_one(Person, person_id).quickbi_user_id = user_id
            session.flush()
            known = session.scalars(select(Person).where(Person.quickbi_user_id.is_not(None))).all()
            for person in known:
                user_type = user_types.get(person.quickbi_user_id or "")
                if user_type is not None and person.user_type != user_type.value:
                    before = {"user_type": person.user_type}
                    person.user_type = user_type.value
                    record(
                        session,
                        PORTAL,
                        "person.user_type_read",
                        at=self.clock.now(),
                        subject=("person", person.id),
                        before=before,
                        after={"user_type": person.user_type},
                    )
            return {
                person.quickbi_user_id: KnownPerson(id=person.id, user_id=person.user_id)
                for person in known
                if person.quickbi_user_id
            }

    def _leave_vanished(self, workspaces: list[BiWorkspace]) -> int:
        """Offer nothing any more of workspaces that Quick BI no longer has."""
        there = [each.external_id for each in workspaces]
        with transaction() as session:
            lost = select(Workspace.id).where(
                Workspace.synced_at.is_not(None), Workspace.external_id.not_in(there)
            )
            gone = session.execute(
                update(Resource)
                .where(
                    Resource.workspace_id.in_(lost),
                    Resource.source == ResourceSource.QUICKBI.value,
                    Resource.gone_at.is_(None),
                )
                .values(gone_at=self.clock.now())
                .execution_options(synchronize_session=False)
            )
            return int(getattr(gone, "rowcount", 0))

    def _finish(self, report: dict[str, Any]) -> None:
        with transaction() as session:
            row = session.get(GrantTargetSettings, _ROW, with_for_update=True)
            if row is not None:
                row.sync_report = report
                if not report["failure"]:
                    row.synced_at = self.clock.now()
            failed = {"failed": [each["workspace"] for each in report["failures"]]}
            kind = {"failure": report["failure"]["kind"]} if report["failure"] else {}
            record(
                session,
                PORTAL,
                "catalogue.synced",
                at=self.clock.now(),
                subject=("catalogue", "quickbi"),
                after={**report["counts"], **failed, **kind},
            )
