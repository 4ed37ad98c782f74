"""Whether DingTalk's events reach the portal: keys, what was refused, what was heard, Stream."""

from __future__ import annotations

from dataclasses import dataclass

from portal.channels.dingtalk.connection import DingTalkConnection
from portal.extensions import db
from portal.services.dingtalk_app import AES_KEY, CALLBACK_TOKEN
from portal.services.doctor.app_checks import refused
from portal.services.doctor.checks import (
    Check,
    CheckName,
    CheckState,
    Verdict,
    failed,
    not_applicable,
    ok,
    waits_for,
    warning,
)
from portal.services.doctor.findings import Found
from portal.services.doctor.run import Run
from portal.services.events.callback_diagnosis import CallbackDiagnosis, Finding
from portal.services.events.event_roads import EventRoads
from portal.services.events.stream_connections import StreamConnections, is_stream_chosen

_REFUSED = {
    Finding.TOKEN_DIFFERS: Found.REFUSED_TOKEN,
    Finding.AES_KEY_DIFFERS: Found.REFUSED_AES_KEY,
    Finding.OWNER_DIFFERS: Found.REFUSED_OWNER,
    Finding.SECRETS_UNREADABLE: Found.REFUSED_SECRETS,
}


@dataclass(frozen=True, kw_only=True)
class EventChecks:
    """Reads what was heard and refused; calls nobody."""

    connection: DingTalkConnection
    diagnosis: CallbackDiagnosis
    roads: EventRoads
    stream: StreamConnections

    def checks(self) -> tuple[Check, ...]:
        """All of them."""
        bound, database = (CheckName.APP_BOUND,), (CheckName.DATABASE,)
        return (
            Check(name=CheckName.AES_KEY, look=self._aes_key, needs=bound),
            Check(name=CheckName.CALLBACK_TOKEN, look=self._callback_token, needs=bound),
            Check(name=CheckName.CHECK_URL, look=self._check_url, needs=bound),
            Check(name=CheckName.REFUSED_CALLBACKS, look=self._refused_callbacks, needs=database),
            Check(name=CheckName.STREAM, look=self._stream, needs=database),
            Check(name=CheckName.LAST_EVENT, look=self._last_event, needs=bound),
        )

    def _aes_key(self, _run: Run) -> Verdict:
        if is_stream_chosen():
            return not_applicable(Found.BY_STREAM)
        key = self.connection.binding().callback_aes_key
        return ok(Found.KEY_SHAPED) if AES_KEY.fullmatch(key) else failed(Found.KEY_MISSHAPED)

    def _callback_token(self, _run: Run) -> Verdict:
        if is_stream_chosen():
            return not_applicable(Found.BY_STREAM)
        token = self.connection.binding().callback_token
        is_shaped = CALLBACK_TOKEN.fullmatch(token)
        return ok(Found.TOKEN_SHAPED) if is_shaped else failed(Found.TOKEN_MISSHAPED)

    def _check_url(self, _run: Run) -> Verdict:
        if is_stream_chosen():
            return not_applicable(Found.BY_STREAM)
        checked_at = self.diagnosis.health().check_url_at
        if checked_at is None:
            return warning(Found.ADDRESS_NEVER_CHECKED)
        return ok(Found.ADDRESS_CHECKED, at=checked_at.isoformat(timespec="seconds"))

    def _refused_callbacks(self, _run: Run) -> Verdict:
        if is_stream_chosen():
            return not_applicable(Found.BY_STREAM)
        health = self.diagnosis.health()
        if not health.refusals:
            return ok(Found.NONE_REFUSED)
        facts = {
            "count": str(sum(each.count for each in health.refusals)),
            "at": health.refusals[0].last_at,
            "address": health.refusals[0].last_address,
        }
        if health.finding in _REFUSED:
            return failed(_REFUSED[health.finding], **facts)
        if health.finding is Finding.NOT_DINGTALK:
            return warning(Found.REFUSED_STRANGERS, **facts)
        return ok(Found.REFUSED_BEFORE, **facts)

    def _stream(self, _run: Run) -> Verdict:
        report = self.stream.report()
        if not report.is_chosen:
            return not_applicable(Found.BY_CALLBACK)
        if not report.listeners:
            return failed(Found.STREAM_NO_LISTENER)
        if report.failure is not None:
            # Also while connected: what comes may have no content.
            return refused(report.failure)
        if not report.connected:
            return failed(Found.STREAM_DISCONNECTED)
        return ok(Found.STREAM_CONNECTED, count=str(len(report.connected)))

    def _last_event(self, run: Run) -> Verdict:
        last, in_doubt_since = self.roads.last_event(), self.roads.in_doubt_since()
        said = last.received_at.isoformat(timespec="seconds") if last else ""
        if in_doubt_since is not None:
            return self._blamed(run) or failed(
                Found.EVENT_MISSING, at=in_doubt_since.isoformat(timespec="seconds")
            )
        if last is None:
            return warning(Found.EVENT_NEVER)
        return ok(Found.EVENT_HEARD, at=said, road=last.road)

    @staticmethod
    def _blamed(run: Run) -> Verdict | None:
        """Leave missing events to the check that says why they are missing, if one does."""
        db.session.rollback()
        for name in (CheckName.REFUSED_CALLBACKS, CheckName.STREAM, CheckName.CALLBACK_ADDRESS):
            found = run.result(name)
            if found.state in (CheckState.FAILED, CheckState.WAITING):
                return waits_for(found.verdict.waits_for or name)
        return None
