"""Work notices: each sent once, and one of many asked about whether it arrived."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.channels.dingtalk.notices import DingTalkNotices
from portal.channels.failures import ChannelError, Failure, OwnFailure, Retry
from portal.channels.notices import Notice
from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.log_context import work_about
from portal.models import AccessRequest, Person, WorkNotice
from portal.services.audit import PORTAL, record
from portal.services.notices.notice_promises import NoticeState, switched_off
from portal.services.notices.notice_writing import write
from portal.services.work.retry_pauses import pause_before_retry

log = structlog.get_logger(__name__)

# DingTalk delivers one text to a person once a day: within it, a send that got no answer is safely repeated.
WORTH_TELLING = timedelta(hours=20)
# Asking whether a notice arrived is a call that may be counted, so one in each while is asked about ...
ASKED_EVERY = timedelta(hours=6)
# ... once it had time to.
ARRIVES_WITHIN = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class LatestNotice:
    """How the newest notice that was tried has fared; ``failure`` is why it is not there (yet)."""

    number: str
    at: datetime
    failure: Failure | None
    is_tried_again: bool


@dataclass(frozen=True, kw_only=True)
class WorkNotices:
    """Keeps the promises of ``notice_promises``. Running twice for the same notice tells a person once."""

    clock: Clock
    channel: DingTalkNotices
    public_url: str

    def deliver(self, notice_id: int) -> None:
        """Do what is due for a notice: send it, or ask whether it arrived; failures are kept on its row."""
        notice = db.session.get(WorkNotice, notice_id)
        if notice is None:
            return
        state, subject, task_id = notice.state, notice.subject, notice.task_id or ""
        person = db.session.get_one(Person, notice.person_id)
        wanted = self._wanted(notice, person) if state == NoticeState.WAITING else None
        user_id = person.user_id or ""
        db.session.rollback()
        with work_about(notice=notice_id, subject=subject):
            if state == NoticeState.SENT:
                self._ask_about(notice_id, task_id, user_id=user_id)
            elif wanted is not None:
                self._send(notice_id, wanted)
            elif state == NoticeState.WAITING:
                self._settle(notice_id, state=NoticeState.DROPPED)

    def latest(self) -> LatestNotice | None:
        """Return how the newest notice fared that was tried at all."""
        tried = or_(WorkNotice.tries > 0, WorkNotice.sent_at.is_not(None))
        row = db.session.scalar(
            select(WorkNotice)
            .where(tried, WorkNotice.state != NoticeState.DROPPED)
            .order_by(WorkNotice.id.desc())
            .limit(1)
        )
        if row is None:
            return None
        return LatestNotice(
            number=self._request(row).number,
            at=row.sent_at or row.created_at,
            failure=Failure.from_json(row.failure) if row.failure else None,
            is_tried_again=row.state == NoticeState.WAITING,
        )

    def _wanted(self, notice: WorkNotice, person: Person) -> Notice | None:
        """Return what to say; None once it is no longer true, not wanted, or there is nobody to tell."""
        is_wanted = notice.kind not in switched_off(db.session())
        if not (is_wanted and person.is_active and person.is_dingtalk_person):
            return None
        return write(notice, person, public_url=self.public_url)

    def _send(self, notice_id: int, wanted: Notice) -> None:
        try:
            task_id = self.channel.send(wanted)
        except ChannelError as error:
            self._not_sent(notice_id, error.failure)
            return
        now = self.clock.now()
        with transaction() as session:
            is_to_be_asked = self._nothing_was_asked_since(session, now - ASKED_EVERY)
            self._change(
                session,
                notice_id,
                state=NoticeState.SENT,
                due_at=now + ARRIVES_WITHIN if is_to_be_asked else None,
                task_id=task_id[:64],
                sent_at=now,
                failure=None,
            )
            self._record(session, notice_id, "notice.sent")

    def _not_sent(self, notice_id: int, failure: Failure) -> None:
        log.warning("notice.failed", **failure.told)
        now = self.clock.now()
        with transaction() as session:
            notice = session.get_one(WorkNotice, notice_id, with_for_update=True)
            is_over = failure.retry == Retry.PERMANENT or now - notice.created_at >= WORTH_TELLING
            pause = pause_before_retry(failure, retries=notice.tries)
            self._change(
                session,
                notice_id,
                state=NoticeState.FAILED if is_over else NoticeState.WAITING,
                due_at=None if is_over else now + pause,
                tries=notice.tries + 1,
                failure=failure.to_json(),
            )
            if is_over:
                self._record(session, notice_id, "notice.failed", failure=failure.kind)

    def _ask_about(self, notice_id: int, task_id: str, *, user_id: str) -> None:
        try:
            self.channel.check_arrival(task_id, user_id=user_id)
        except ChannelError as error:
            log.warning("notice.not_arrived", **error.failure.told)
            if error.failure.kind != OwnFailure.NOTICE_WITHHELD:
                self._settle(notice_id, state=NoticeState.SENT)  # it is not asked about again
                return
            with transaction() as session:
                failure = error.failure.to_json()
                self._change(session, notice_id, state=NoticeState.FAILED, due_at=None, failure=failure)
                self._record(session, notice_id, "notice.failed", failure=error.failure.kind)
            return
        self._settle(notice_id, state=NoticeState.ARRIVED)

    def _settle(self, notice_id: int, *, state: NoticeState) -> None:
        with transaction() as session:
            self._change(session, notice_id, state=state, due_at=None)

    @staticmethod
    def _nothing_was_asked_since(session: Session, at: datetime) -> bool:
        """Whether no notice was asked about, or will be; found from the newest on, so that few rows are read."""
        is_asked_about = or_(
            WorkNotice.state.in_([NoticeState.ARRIVED, NoticeState.FAILED]), WorkNotice.due_at.is_not(None)
        )
        latest_at = session.scalar(
            select(WorkNotice.sent_at)
            .where(WorkNotice.sent_at.is_not(None), is_asked_about)
            .order_by(WorkNotice.id.desc())
            .limit(1)
        )
        return latest_at is None or latest_at < at

    @staticmethod
    def _change(session: Session, notice_id: int, **changes: Any) -> None:
        notice = session.get_one(WorkNotice, notice_id, with_for_update=True)
        for name, value in changes.items():
            setattr(notice, name, value)

    def _record(self, session: Session, notice_id: int, action: str, **facts: str) -> None:
        notice = session.get_one(WorkNotice, notice_id)
        record(
            session,
            PORTAL,
            action,
            at=self.clock.now(),
            subject=("access_request", self._request(notice).number),
            after={"kind": notice.kind, **facts},
        )

    @staticmethod
    def _request(notice: WorkNotice) -> AccessRequest:
        return db.session.get_one(AccessRequest, notice.request_id)
