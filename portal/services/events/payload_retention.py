"""Raw events are kept for a while: afterwards their payload goes, and what is needed to know them again stays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import select, text, update

from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.models import CallbackEvent
from portal.services.approval_settings import ApprovalSettingsService

log = structlog.get_logger(__name__)

# Each batch holds SQLite's only write lock: short enough for callbacks to wait behind.
BATCH = 100
UNTIL_NEXT_BATCH = timedelta(seconds=1)
UNTIL_NEXT_LOOK = timedelta(hours=1)
# Word for word as in the index, which SQLite uses for a literal only.
HAS_PAYLOAD = text("payload <> ''")


@dataclass(frozen=True, kw_only=True)
class PayloadRetention:
    """Prunes the payloads of events that are done with; those that wait or are parked are never touched."""

    clock: Clock
    approval_settings: ApprovalSettingsService

    def prune(self) -> timedelta:
        """Prune one batch and return the pause until the next."""
        kept_days = self.approval_settings.current().payload_kept_days
        db.session.rollback()
        settled_before = self.clock.now() - timedelta(days=kept_days)
        with transaction() as session:
            oldest = session.scalars(
                select(CallbackEvent.id)
                .where(CallbackEvent.settled_at < settled_before, HAS_PAYLOAD)
                .order_by(CallbackEvent.settled_at)
                .limit(BATCH)
                .with_for_update(skip_locked=True)
            ).all()
            session.execute(
                update(CallbackEvent)
                .where(CallbackEvent.id.in_(oldest))
                .values(payload="")
                .execution_options(synchronize_session=False)
            )
        if oldest:
            log.info("payloads.pruned", count=len(oldest))
        return UNTIL_NEXT_BATCH if len(oldest) == BATCH else UNTIL_NEXT_LOOK
