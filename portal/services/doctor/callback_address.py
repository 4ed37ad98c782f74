"""Whether DingTalk can call the portal: name, network, redirect, certificate, and our own signed call."""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import urlsplit

from portal.channels.callback_refusals import RefusalReason
from portal.channels.dingtalk.connection import DingTalkConnection
from portal.channels.dingtalk.probes import is_success, sealed_address_check
from portal.clock import Clock
from portal.extensions import db
from portal.name_lookup import NameUnknown, numbers_of
from portal.services.doctor.checks import Check, CheckName, Verdict, failed, not_applicable, ok, warning
from portal.services.doctor.findings import Found
from portal.services.doctor.http_look import Answer, NotReached, is_loopback, look_at
from portal.services.doctor.limits import Limits
from portal.services.doctor.run import Run
from portal.services.events.callback_diagnosis import CallbackDiagnosis
from portal.services.events.stream_connections import is_stream_chosen

CALLBACK_PATH = "/callbacks/dingtalk"

# Who calls from inside may be kept out of a public address, or be led to a private one, though DingTalk is not.
_MAY_BE_OUR_NETWORK = frozenset(
    {Found.CONNECTION_REFUSED, Found.CONNECTING_TIMED_OUT, Found.ANSWER_TIMED_OUT, Found.NOT_REACHED}
)


@dataclass(frozen=True, kw_only=True)
class CallbackAddressCheck:
    """Calls ``public_url``, the operators' own setting, and nothing else; redirects are not followed."""

    public_url: str
    clock: Clock
    connection: DingTalkConnection
    diagnosis: CallbackDiagnosis
    limits: Limits

    def checks(self) -> tuple[Check, ...]:
        """The one check."""
        needs = (CheckName.PUBLIC_URL, CheckName.APP_BOUND, CheckName.AES_KEY, CheckName.CALLBACK_TOKEN)
        return (Check(name=CheckName.CALLBACK_ADDRESS, look=self._look, needs=needs),)

    def _look(self, _run: Run) -> Verdict:
        if is_stream_chosen():
            return not_applicable(Found.BY_STREAM)
        was_heard = self._was_heard_lately()
        db.session.rollback()
        parts = urlsplit(self.public_url)
        host, is_here = parts.hostname or "", is_loopback(parts.hostname or "")
        if not is_here:
            try:
                numbers = numbers_of(host, parts.port or 443, seconds=self.limits.connect_seconds)
            except NameUnknown:
                return failed(Found.HOST_UNKNOWN, host=host)
            if not all(each.is_global for each in numbers):
                found = Found.CALLBACK_PRIVATE_HERE if was_heard else Found.CALLBACK_PRIVATE
                return (warning if was_heard else failed)(found, host=host)
        try:
            return self._called(host, is_here=is_here)
        except NotReached as not_reached:
            if was_heard and not_reached.found in _MAY_BE_OUR_NETWORK:
                return warning(Found.CALLBACK_NOT_FROM_HERE, host=host)
            return failed(not_reached.found, host=host)

    def _called(self, host: str, *, is_here: bool) -> Verdict:
        binding = self.connection.binding()
        call = sealed_address_check(binding)
        answer = look_at(
            self.public_url + CALLBACK_PATH,
            method="POST",
            query=call.query,
            body=call.body,
            connect_seconds=self.limits.connect_seconds,
            answer_seconds=self.limits.answer_seconds,
        )
        if 300 <= answer.status < 400:
            return failed(Found.CALLBACK_REDIRECTS, status=str(answer.status))
        if answer.status != 200 or not is_success(binding, answer.body):
            return failed(Found.CALLBACK_WRONG_ANSWER, status=str(answer.status), reason=_reason(answer))
        milliseconds = str(round(answer.seconds * 1000))
        if answer.seconds > self.limits.callback_seconds:
            return failed(Found.CALLBACK_SLOW, milliseconds=milliseconds)
        found = Found.CALLBACK_DEMO_ONLY if is_here else Found.CALLBACK_ANSWERS
        return ok(found, host=host, milliseconds=milliseconds)

    def _was_heard_lately(self) -> bool:
        health = self.diagnosis.health()
        since = self.clock.now() - self.limits.heard_lately
        return any(at is not None and at >= since for at in (health.last_event_at, health.check_url_at))


def _reason(answer: Answer) -> str:
    """Return the reason that a portal gave for its refusal; the text of anybody else is not passed on."""
    try:
        told = str(json.loads(answer.body).get("error"))
    except (ValueError, RecursionError, AttributeError):
        return "-"
    return told if told in set(RefusalReason) else "-"
