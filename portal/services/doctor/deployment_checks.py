"""How the portal was set up by its operators: its secret key, its public address, its worker."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import func, select

from portal.clock import Clock
from portal.extensions import db
from portal.models import CallbackEvent
from portal.models.callback_event import EventState
from portal.services.doctor.checks import Check, CheckName, Verdict, failed, ok, waits_for, warning
from portal.services.doctor.findings import Found
from portal.services.doctor.http_look import is_loopback, shown_address
from portal.services.doctor.limits import Limits
from portal.services.doctor.run import Run
from portal.services.work.health import Health
from portal.settings import Settings

ENOUGH_BITS = 110.0
SAMPLES = ("changeme", "change-me", "change_me", "replace-me", "replace_me", "password", "example")


@dataclass(frozen=True, kw_only=True)
class DeploymentChecks:
    """Reads the settings that operators chose, and the signs of life of their processes."""

    settings: Settings
    clock: Clock
    health: Health
    limits: Limits

    def checks(self) -> tuple[Check, ...]:
        """All of them."""
        return (
            Check(name=CheckName.SECRET_KEY, look=self._secret_key),
            Check(name=CheckName.PUBLIC_URL, look=self._public_url),
            Check(name=CheckName.WORKER, look=self._worker, needs=(CheckName.DATABASE,)),
            Check(name=CheckName.EVENT_INBOX, look=self._event_inbox, needs=(CheckName.DATABASE,)),
        )

    def _secret_key(self, _run: Run) -> Verdict:
        is_weak = is_guessable(self.settings.secret_key)
        return failed(Found.SECRET_KEY_WEAK) if is_weak else ok(Found.SECRET_KEY_STRONG)

    def _public_url(self, _run: Run) -> Verdict:
        url = shown_address(self.settings.public_url)
        host = urlsplit(url).hostname or ""
        if is_loopback(host):
            if is_loopback(urlsplit(self.settings.dingtalk.api).hostname or ""):
                return ok(Found.PUBLIC_URL_DEMO_ONLY, url=url)
            return failed(Found.PUBLIC_URL_LOOPBACK, url=url)
        if not self.settings.is_https:
            return failed(Found.PUBLIC_URL_PLAIN, url=url)
        return ok(Found.PUBLIC_URL_WELL, url=url)

    def _worker(self, _run: Run) -> Verdict:
        if self.health.is_worker_alive():
            return ok(Found.WORKER_ALIVE)
        return failed(Found.WORKER_MISSING)

    def _event_inbox(self, run: Run) -> Verdict:
        now = self.clock.now()
        oldest = db.session.scalar(
            select(func.min(CallbackEvent.due_at)).where(CallbackEvent.due_at.is_not(None))
        )
        if oldest is not None and now - oldest > self.limits.inbox_stuck_after:
            if run.result(CheckName.WORKER).verdict.found is Found.WORKER_MISSING:
                return waits_for(CheckName.WORKER)
            return failed(Found.INBOX_STUCK, minutes=str(int((now - oldest).total_seconds() // 60)))
        parked = db.session.scalar(
            select(func.count()).select_from(CallbackEvent).where(CallbackEvent.state == EventState.PARKED)
        )
        return warning(Found.INBOX_PARKED, count=str(parked)) if parked else ok(Found.INBOX_FLOWS)


def is_guessable(secret: str) -> bool:
    """Whether a secret looks typed, copied from a sample or repeated rather than drawn at random."""
    lowered = secret.casefold()
    if any(sample in lowered for sample in SAMPLES):
        return True
    # The shortest beginning that is only repeated afterwards carries all there is to guess.
    length = next(
        size for size in range(1, len(secret) + 1) if secret == (secret[:size] * len(secret))[: len(secret)]
    )
    part = secret[:length]
    bits = -sum(count * math.log2(count / length) for count in Counter(part).values())
    return bits < ENOUGH_BITS
