"""The webhook's row: its address in plain, its secrets sealed, an earlier one for a day after a change."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, select

from portal.clock import Clock
from portal.extensions import db
from portal.grants.grant_target import TargetError, TargetName
from portal.grants.webhook.answers import WebhookFailure, failure
from portal.grants.webhook.target import WebhookConnection
from portal.models import GrantTargetSettings
from portal.secret_box import SecretBox, SecretUnreadable

EARLIER_SECRET_COUNTS = timedelta(hours=24)
_PLACE = "portal_grant_target.{}.webhook"
_COLUMNS = select(*GrantTargetSettings.__table__.columns).where(
    GrantTargetSettings.name == TargetName.WEBHOOK.value
)


@dataclass(frozen=True, kw_only=True)
class WebhookStore:
    """Opens what is needed for a call, and seals new secrets."""

    clock: Clock
    box: SecretBox

    def read(self) -> WebhookConnection:
        """Return how the webhook is reached, read on a connection of its own: no transaction is open when a call
        follows. Raises ``TargetError`` where nothing may be sent.
        """
        with db.engine.connect() as connection:
            row = connection.execute(_COLUMNS).one_or_none()
        if row is None or not row.options.get("address") or not row.secret_sealed:
            raise TargetError(failure(WebhookFailure.NOT_SET_UP))
        if not row.is_enabled:
            raise TargetError(failure(WebhookFailure.OFF))
        return self._opened(row)

    def connection_of(self, row: GrantTargetSettings) -> WebhookConnection:
        """Return the same of a row at hand, also while it is switched off; raises ``TargetError``."""
        if not row.options.get("address") or not row.secret_sealed:
            raise TargetError(failure(WebhookFailure.NOT_SET_UP))
        return self._opened(row)

    def renew_secret(self, row: GrantTargetSettings) -> str:
        """Give the row a new secret and return it; the earlier one goes on to sign for a day."""
        now = self.clock.now()
        if row.secret_sealed:
            earlier = self._open(row.secret_sealed, "secret")
            row.earlier_secret_sealed = self.box.seal(earlier, place=_PLACE.format("earlier_secret"))
            row.earlier_secret_until = now + EARLIER_SECRET_COUNTS
        made = secrets.token_urlsafe(32)
        row.secret_sealed = self.box.seal(made, place=_PLACE.format("secret"))
        return made

    def _opened(self, row: GrantTargetSettings | Row[Any]) -> WebhookConnection:
        opened = [self._open(row.secret_sealed or "", "secret")]
        until = row.earlier_secret_until
        if row.earlier_secret_sealed and until is not None and self.clock.now() < until:
            opened.append(self._open(row.earlier_secret_sealed, "earlier_secret"))
        return WebhookConnection(
            address=str(row.options["address"]),
            secrets=tuple(opened),
            answers_checks=bool(row.options.get("answers_checks")),
        )

    def _open(self, sealed: str, name: str) -> str:
        try:
            return self.box.open(sealed, place=_PLACE.format(name))
        except SecretUnreadable:
            raise TargetError(failure(WebhookFailure.SECRETS_UNREADABLE, is_permanent=True)) from None
