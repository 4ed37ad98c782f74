"""Setting the webhook up: its address, its secret, a Test that really calls, and how its last calls went."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Text, cast, func, select
from sqlalchemy.orm import Session

from portal.channels.failures import Failure
from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.grants.grant_target import TargetError, TargetName
from portal.grants.webhook.address import AddressRefused, leads_to
from portal.grants.webhook.signature import key_id
from portal.grants.webhook.target import WebhookTarget
from portal.models import GrantDelivery, GrantTargetSettings
from portal.services.audit import Actor, record
from portal.services.faults import FieldFault
from portal.services.grants.target_rows import keep_change, row_to_change, subject_of, wake_failing
from portal.services.grants.webhook_store import WebhookStore

# Quick BI stops sending after as many; the portal goes on with longer pauses, and says so.
FAILURES_IN_A_ROW = 10
LOG_LENGTH = 20
TEST = "test"
_NAME = TargetName.WEBHOOK.value
_SUBJECT = subject_of(TargetName.WEBHOOK)
# No failure is SQL's NULL or JSON's; what waits for a hand is neither done nor failed.
_HAS_FAILED = func.coalesce(cast(GrantDelivery.failure, Text), "null") != "null"


@dataclass(frozen=True, kw_only=True)
class WebhookForm:
    """What an admin sent; ``version`` is that of the settings they saw."""

    address: str
    is_enabled: bool
    answers_checks: bool
    version: int


@dataclass(frozen=True, kw_only=True)
class WebhookView:
    """What the page may show: never a secret. ``failing_since`` is set after ``FAILURES_IN_A_ROW``."""

    address: str = ""
    is_enabled: bool = False
    answers_checks: bool = False
    key_id: str = ""
    earlier_counts_until: datetime | None = None
    failing_since: datetime | None = None
    version: int = 0


@dataclass(frozen=True, kw_only=True)
class WebhookSettings:
    """Reads and changes the webhook's row."""

    clock: Clock
    store: WebhookStore
    target: WebhookTarget

    def view(self) -> WebhookView:
        """Return what the settings page shows."""
        session: Session = db.session()
        row = session.get(GrantTargetSettings, _NAME)
        if row is None:
            return WebhookView(failing_since=self._failing_since(session))
        until = row.earlier_secret_until
        return WebhookView(
            address=str(row.options.get("address", "")),
            is_enabled=row.is_enabled,
            answers_checks=bool(row.options.get("answers_checks")),
            key_id=self._key_id(row),
            earlier_counts_until=until if until and self.clock.now() < until else None,
            failing_since=self._failing_since(session),
            version=row.version,
        )

    def deliveries(self, *, only_failed: bool, older_than: int | None = None) -> Sequence[GrantDelivery]:
        """Return the last ``LOG_LENGTH`` calls, newest first, before the id ``older_than``."""
        wanted = select(GrantDelivery).where(GrantDelivery.target == _NAME)
        if only_failed:
            wanted = wanted.where(_HAS_FAILED)
        if older_than is not None:
            wanted = wanted.where(GrantDelivery.id < older_than)
        return db.session.scalars(wanted.order_by(GrantDelivery.id.desc()).limit(LOG_LENGTH)).all()

    def save(self, actor: Actor, form: WebhookForm) -> str | None:
        """Store address and switches. The first time a secret is made, which is returned: it is shown only once.

        Raises ``FieldFault`` for an address that cannot be called and ``Problem(SETTINGS_CHANGED)``.
        """
        address = form.address.strip()
        if address or form.is_enabled:
            self._check(address)
        with transaction() as session:
            row, before = self._row(session, version=form.version)
            row.options = {**row.options, "address": address, "answers_checks": form.answers_checks}
            row.is_enabled = form.is_enabled
            row.updated_at = self.clock.now()
            made = self.store.renew_secret(row) if not row.secret_sealed else None
            wake_failing(session, TargetName.WEBHOOK, at=self.clock.now())
            self._keep(session, actor, "webhook.saved", before=before, after=_told(row))
        return made

    def renew_secret(self, actor: Actor, *, version: int) -> str:
        """Make a new secret and return it; the earlier one signs beside it for a day.

        Raises ``Problem(SETTINGS_CHANGED)``; ``TargetError`` where the present one cannot be opened.
        """
        with transaction() as session:
            row, before = self._row(session, version=version)
            made = self.store.renew_secret(row)
            row.updated_at = self.clock.now()
            after = {**_told(row), "key": key_id(made)}
            self._keep(session, actor, "webhook.secret_renewed", before=before, after=after)
        return made

    def test(self, actor: Actor) -> GrantDelivery:
        """Send a signed call about nothing to what is stored, and return how that went; it is in the log, too."""
        delivery_id, began_at = f"test-{secrets.token_hex(12)}", self.clock.now()
        facts, failed = self._probed(delivery_id)
        took_ms = round((self.clock.now() - began_at).total_seconds() * 1000)
        with transaction() as session:
            delivery = GrantDelivery(
                target=_NAME,
                action=TEST,
                delivery_id=delivery_id,
                began_at=began_at,
                took_ms=took_ms,
                is_done=failed is None,
                answer=facts,
                failure=failed.to_json() if failed else None,
            )
            session.add(delivery)
            if failed is None:
                wake_failing(session, TargetName.WEBHOOK, at=self.clock.now())
            after = {"failure": failed.kind if failed else None, "status": (facts or {}).get("status")}
            record(
                session,
                actor,
                "webhook.tested",
                at=self.clock.now(),
                subject=_SUBJECT,
                after=after,
            )
        return delivery

    def _probed(self, delivery_id: str) -> tuple[dict[str, Any] | None, Failure | None]:
        row = db.session.get(GrantTargetSettings, _NAME) or GrantTargetSettings(options={})
        try:
            connection = self.store.connection_of(row)
            db.session.rollback()
            return self.target.probe(connection, delivery_id=delivery_id).facts, None
        except TargetError as error:
            return None, error.failure

    def _check(self, address: str) -> None:
        try:
            self.target.rules.read(address)
        except AddressRefused as refused:
            raise FieldFault("webhook_address", refused.fault.value) from None

    def _row(self, session: Session, *, version: int) -> tuple[GrantTargetSettings, dict[str, Any] | None]:
        row, is_stored = row_to_change(session, TargetName.WEBHOOK, version=version, at=self.clock.now())
        return row, _told(row) if is_stored else None

    def _keep(
        self,
        session: Session,
        actor: Actor,
        action: str,
        *,
        before: dict[str, Any] | None,
        after: dict[str, Any],
    ) -> None:
        at = self.clock.now()
        keep_change(session, actor, action, target=TargetName.WEBHOOK, at=at, before=before, after=after)

    def _key_id(self, row: GrantTargetSettings) -> str:
        try:
            return key_id(self.store.connection_of(row).secrets[0])
        except TargetError:
            return ""

    def _failing_since(self, session: Session) -> datetime | None:
        """Read the log: each call is there, so nobody has to keep count."""
        theirs = select(GrantDelivery).where(GrantDelivery.target == _NAME, GrantDelivery.action != TEST)
        last = session.scalars(theirs.order_by(GrantDelivery.id.desc()).limit(FAILURES_IN_A_ROW)).all()
        if len(last) < FAILURES_IN_A_ROW or not all(each.failure for each in last):
            return None
        good = session.scalar(theirs.where(~_HAS_FAILED).order_by(GrantDelivery.id.desc()).limit(1))
        first = theirs.where(GrantDelivery.id > (good.id if good else 0)).order_by(GrantDelivery.id).limit(1)
        return session.scalars(first).one().began_at


def _told(row: GrantTargetSettings) -> dict[str, Any]:
    """Return what the audit trail keeps: of the address only where it leads, as the rest may hold a key."""
    return {
        "address": leads_to(str(row.options.get("address", ""))),
        "is_enabled": row.is_enabled,
        "answers_checks": bool(row.options.get("answers_checks")),
    }
