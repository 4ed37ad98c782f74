"""Connecting Quick BI: its endpoint, the key of an account, what its documents leave open, and a check."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from portal.channels.failures import Failure
from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.grants.grant_target import TargetError, TargetName
from portal.grants.quickbi.connection import QuickBIConnection
from portal.grants.quickbi.options import QuickBIOptions
from portal.models import GrantTargetSettings
from portal.secret_box import SecretBox
from portal.services.approval_settings import stored_settings
from portal.services.audit import PORTAL, Actor, record
from portal.services.faults import FieldFault, Problem, ProblemReason
from portal.services.grants.quickbi_store import DEFAULT_ENDPOINT, PLACE, options_of
from portal.services.grants.target_rows import keep_change, row_to_change, subject_of, wake_failing
from portal.services.settings_change import record_settings
from portal.settings import InitialQuickBI, SettingsError

KEY_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
LONGEST_SECRET = 128
MOST_POINTS = 10_000
_NAME = TargetName.QUICKBI.value
_SUBJECT = subject_of(TargetName.QUICKBI)


@dataclass(frozen=True, kw_only=True)
class QuickBIForm:
    """What an admin typed; an empty secret keeps the stored one. ``version`` is that of the settings they saw."""

    endpoint: str
    key_id: str
    secret: str = field(repr=False)
    options: QuickBIOptions
    version: int


@dataclass(frozen=True, kw_only=True)
class QuickBIView:
    """What the page may show: never the secret. ``checked_at`` is when Check connection was pressed last."""

    endpoint: str = DEFAULT_ENDPOINT
    key_id: str = ""
    options: QuickBIOptions = field(default_factory=QuickBIOptions)
    is_connected: bool = False
    checked_at: datetime | None = None
    failure: Failure | None = None
    synced_at: datetime | None = None
    sync_report: dict[str, Any] | None = None
    version: int = 0


@dataclass(frozen=True, kw_only=True)
class QuickBISettings:
    """Reads and changes the row of Quick BI."""

    clock: Clock
    box: SecretBox
    connection: QuickBIConnection

    def view(self) -> QuickBIView:
        """Return what the settings page shows."""
        session: Session = db.session()
        row = session.get(GrantTargetSettings, _NAME)
        if row is None:
            return QuickBIView()
        checked_at = row.options.get("checked_at")
        return QuickBIView(
            endpoint=str(row.options.get("endpoint") or DEFAULT_ENDPOINT),
            key_id=str(row.options.get("key_id", "")),
            options=options_of(row.options),
            is_connected=bool(row.secret_sealed and row.options.get("key_id")),
            checked_at=datetime.fromisoformat(checked_at) if checked_at else None,
            failure=Failure.from_json(row.failure) if row.failure else None,
            synced_at=row.synced_at,
            sync_report=row.sync_report,
            version=row.version,
        )

    def save(self, actor: Actor, form: QuickBIForm) -> None:
        """Store endpoint, key and options; raises ``FieldFault`` and ``Problem(SETTINGS_CHANGED)``."""
        with transaction() as session:
            now = self.clock.now()
            row, is_stored = row_to_change(session, TargetName.QUICKBI, version=form.version, at=now)
            before = _told(row) if is_stored else None
            _check(form, is_first=not row.secret_sealed)
            row.options = {
                "endpoint": form.endpoint.strip() or DEFAULT_ENDPOINT,
                "key_id": form.key_id,
                "decisions": form.options.to_json(),
            }
            if form.secret:
                row.secret_sealed = self.box.seal(form.secret, place=PLACE)
            row.is_enabled, row.failure, row.updated_at = True, None, now
            wake_failing(session, TargetName.QUICKBI, at=now)
            after = {**_told(row), "secret_replaced": bool(form.secret)}
            keep_change(
                session,
                actor,
                "quickbi.saved",
                target=TargetName.QUICKBI,
                at=now,
                before=before,
                after=after,
            )

    def connect_initially(self, initial: InitialQuickBI, *, is_usual_target: bool = False) -> None:
        """Take the first key from the environment, if there is one and none is stored yet.

        ``is_usual_target`` lets Quick BI deliver what resources name no target for. Raises ``SettingsError`` for a
        value that cannot be one.
        """
        is_given = initial.access_key_id and initial.access_key_secret
        if not is_given or db.session.get(GrantTargetSettings, _NAME) is not None:
            return
        first = QuickBIForm(
            endpoint=initial.endpoint,
            key_id=initial.access_key_id,
            secret=initial.access_key_secret,
            options=QuickBIOptions(),
            version=0,
        )
        try:
            self.save(PORTAL, first)
        except FieldFault as fault:
            names = {"quickbi_endpoint": "ENDPOINT", "quickbi_key_id": "ACCESS_KEY_ID"}
            name = names.get(fault.field, "ACCESS_KEY_SECRET")
            raise SettingsError([f"QUICKBI_{name} is not in the form that Quick BI gives."]) from fault
        except Problem as problem:
            # Processes that start together all try; one is first.
            if problem.reason != ProblemReason.SETTINGS_CHANGED:
                raise
            return
        if is_usual_target:
            self._become_usual_target()

    def check_connection(self, actor: Actor) -> Failure | None:
        """Make one call that changes nothing; returns None when it was answered, else why not. Both are recorded."""
        failure: Failure | None = None
        try:
            self.connection.prove_access()
        except TargetError as error:
            failure = error.failure
        now = self.clock.now()
        with transaction() as session:
            row = session.get(GrantTargetSettings, _NAME, with_for_update=True)
            if row is not None:
                row.options = {**row.options, "checked_at": now.isoformat()}
                row.failure = failure.to_json() if failure else None
            if failure is None:
                wake_failing(session, TargetName.QUICKBI, at=now)
            after = {"failure": failure.kind if failure else None}
            record(session, actor, "quickbi.checked", at=now, subject=_SUBJECT, after=after)
        return failure

    def _become_usual_target(self) -> None:
        with transaction() as session:
            settings = stored_settings(session, self.clock)
            before = {"grant_target": settings.grant_target}
            settings.grant_target = _NAME
            record_settings(
                session, self.clock, PORTAL, "rules.set", before=before, after={"grant_target": _NAME}
            )


def _check(form: QuickBIForm, *, is_first: bool) -> None:
    _check_endpoint(form.endpoint.strip())
    if not KEY_ID.fullmatch(form.key_id):
        raise FieldFault("quickbi_key_id", "identifier")
    if (is_first and not form.secret) or len(form.secret) > LONGEST_SECRET:
        raise FieldFault("quickbi_secret", "missing")
    for name in ("use_points", "submit_points", "manage_own_points", "manage_points"):
        points = getattr(form.options, name)
        if points is not None and not 0 < points <= MOST_POINTS:
            raise FieldFault(name, "number")


def _check_endpoint(typed: str) -> None:
    """An https address without a path; plain http only on this machine, where the sandbox answers."""
    try:
        parts = urlsplit(typed or DEFAULT_ENDPOINT)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise FieldFault("quickbi_endpoint", "address") from None
    is_plain = parts.username is None and parts.path in ("", "/") and not parts.query and not parts.fragment
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and _is_this_machine(host))
    if not (host and is_plain and is_safe):
        raise FieldFault("quickbi_endpoint", "address")


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _told(row: GrantTargetSettings) -> dict[str, Any]:
    return {name: row.options.get(name) for name in ("endpoint", "key_id", "decisions")}
