"""The way to Quick BI: its key, whether it lets access be given, and whether people are known there."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from portal.extensions import db
from portal.grants.grant_target import TargetError, TargetName
from portal.grants.quickbi.connection import QuickBIConnection, in_our_words
from portal.grants.quickbi.refusals import Refusal
from portal.models import ApprovalSettings, Person
from portal.services.doctor.checks import (
    Check,
    CheckName,
    CheckState,
    Verdict,
    not_applicable,
    ok,
    warning,
)
from portal.services.doctor.findings import Found
from portal.services.doctor.run import Run

# One call each.
PEOPLE_TRIED = 3


@dataclass(frozen=True, kw_only=True)
class QuickBIChecks:
    """Asks by calls that change nothing; ``connection`` should not wait long."""

    connection: QuickBIConnection

    def checks(self) -> tuple[Check, ...]:
        """All three."""
        key = (CheckName.DATABASE, CheckName.QUICKBI_KEY)
        return (
            Check(name=CheckName.QUICKBI_KEY, look=self._key, needs=(CheckName.DATABASE,)),
            Check(name=CheckName.QUICKBI_SHARING, look=self._sharing, needs=key),
            Check(name=CheckName.QUICKBI_PEOPLE, look=self._people, needs=key),
        )

    def _key(self, _run: Run) -> Verdict:
        try:
            self.connection.prove_access()
        except TargetError as error:
            if error.failure.kind == Refusal.NOT_CONNECTED and not _is_usual_target():
                return not_applicable(Found.QUICKBI_NOT_USED)
            return _refused(error)
        return ok(Found.QUICKBI_ANSWERS)

    def _sharing(self, run: Run) -> Verdict:
        if not _is_used(run):
            return not_applicable(Found.QUICKBI_NOT_USED)
        try:
            with in_our_words():
                workspaces = self.connection.client().list_workspaces()
        except TargetError as error:
            return _refused(error)
        shut = [each.name for each in workspaces if not each.allows_sharing]
        if shut:
            return warning(Found.QUICKBI_SHARING_OFF, names=", ".join(shut))
        return ok(Found.QUICKBI_SHARING_ON)

    def _people(self, run: Run) -> Verdict:
        if not _is_used(run):
            return not_applicable(Found.QUICKBI_NOT_USED)
        people = _latest_people()
        try:
            with in_our_words():
                client = self.connection.client()
                unknown = [
                    name for name, union_id in people if not client.user_by_dingtalk_union_id(union_id)
                ]
        except TargetError as error:
            return _refused(error)
        if unknown:
            return warning(Found.QUICKBI_PEOPLE_UNKNOWN, names=", ".join(unknown))
        return ok(Found.QUICKBI_PEOPLE_KNOWN)


def _refused(error: TargetError) -> Verdict:
    return Verdict(state=CheckState.FAILED, found=Found.REFUSED, failure=error.failure)


def _is_used(run: Run) -> bool:
    return run.result(CheckName.QUICKBI_KEY).state is not CheckState.NOT_APPLICABLE


def _is_usual_target() -> bool:
    with db.engine.connect() as connection:
        return connection.scalar(select(ApprovalSettings.grant_target)) == TargetName.QUICKBI.value


def _latest_people() -> list[tuple[str, str]]:
    """Those who came last, read on a connection of its own: calls follow."""
    known = select(Person.name, Person.union_id).where(Person.is_active, Person.union_id.is_not(None))
    with db.engine.connect() as connection:
        rows = connection.execute(known.order_by(Person.id.desc()).limit(PEOPLE_TRIED)).all()
    return [(str(name), str(union_id)) for name, union_id in rows]
