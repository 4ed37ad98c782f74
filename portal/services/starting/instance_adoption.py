"""An approval takes an instance as its own: at most one, whoever finds it and however often."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.channels.approval_channel import ApprovalChannel
from portal.channels.failures import ChannelError
from portal.clock import Clock
from portal.database import transaction
from portal.models import Approval
from portal.models.callback_event import EventState
from portal.models.stray_instance import StrayState
from portal.rules.approval_state import AWAITING_INSTANCE, ApprovalState
from portal.services.approval_rows import locked, move, sum_up_request
from portal.services.audit import PORTAL, record
from portal.services.events.event_inbox import EventInbox
from portal.services.outcomes.outcomes import Outcomes
from portal.services.pending.deadlines import count_from_start
from portal.services.starting.start_attempts import attempts_of, make_current
from portal.services.starting.twins import note_stray, open_events, stray_with
from portal.services.work.retry_pauses import WITHDRAWAL_WAIT

log = structlog.get_logger(__name__)

STARTED, ADOPTED = "instance.started", "instance.adopted"


@dataclass(frozen=True, kw_only=True)
class InstanceAdoption:
    """Writes what was found or started into the row, once."""

    clock: Clock
    inbox: EventInbox
    outcomes: Outcomes

    def adopt(
        self,
        approval_id: int,
        channel: ApprovalChannel,
        *,
        attempt: int,
        instance_id: str,
        action: str = ADOPTED,
        others: tuple[str, ...] = (),
    ) -> None:
        """Let the approval own what its ``attempt`` made.

        Where the row has moved on meanwhile, and for ``others`` that carry the same, the instance is noted as
        one that belongs to nobody. ``action`` names the audit entry.
        """
        url = link_to(channel, instance_id)
        try:
            with transaction() as session:
                approval = locked(session, approval_id)
                is_new = approval.instance_id != instance_id
                if is_new and self._can_take(approval, attempt):
                    self.take(
                        session, approval, attempt=attempt, instance_id=instance_id, url=url, action=action
                    )
                elif is_new:
                    others = (instance_id, *others)
                for each in others:
                    note_stray(session, each, at=self.clock.now(), wait=WITHDRAWAL_WAIT)
        except IntegrityError:
            # Another approval owns it: the row stays as it is, and the next look leaves the instance out.
            log.error("instance.owned_by_another", instance_id=instance_id)
            return
        log.info(action, instance_id=instance_id, others=len(others))

    def take(
        self,
        session: Session,
        approval: Approval,
        *,
        attempt: int,
        instance_id: str,
        url: str | None,
        action: str = ADOPTED,
    ) -> None:
        """Change a locked row that has no instance yet; raises ``IntegrityError`` if another one owns it."""
        now = self.clock.now()
        if approval.state == ApprovalState.SUBMITTED:
            move(approval, ApprovalState.STARTING)
        move(approval, ApprovalState.PENDING)
        make_current(approval, attempt)
        approval.instance_id, approval.instance_url = instance_id, url
        approval.started_at = now
        count_from_start(approval, at=now)
        approval.failure, approval.retries = None, 0
        if approval.trial_id is not None:
            approval.withdrawal_requested_at = now
        # What was found late may be over by now, and the events that told so are gone.
        approval.due_at = self.outcomes.next_look(approval) or (None if action == STARTED else now)
        sum_up_request(approval.request, at=approval.closed_at or now)
        session.flush()
        stray = stray_with(session, instance_id)
        if stray is not None:
            stray.state, stray.approval_id = StrayState.ADOPTED, approval.id
            stray.closed_at, stray.due_at = now, None
        for event in open_events(session, instance_id):
            if event.state == EventState.PARKED:
                self.inbox.try_again(event)
            event.due_at = now
        record(
            session,
            PORTAL,
            action,
            at=now,
            subject=("approval", approval.number),
            after={"instance_id": instance_id, "attempt": attempt},
        )

    @staticmethod
    def _can_take(approval: Approval, attempt: int) -> bool:
        return approval.state in AWAITING_INSTANCE and any(
            each.number == attempt for each in attempts_of(approval)
        )


def link_to(channel: ApprovalChannel, instance_id: str) -> str | None:
    """Return the address of an instance where the channel can tell one; outside of a transaction."""
    try:
        return channel.link(instance_id)
    except ChannelError:
        return None  # the app was unbound meanwhile; reading the instance tells an address too
