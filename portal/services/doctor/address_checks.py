"""DingTalk's two addresses, and the clock by which its answers are dated."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from portal.clock import Clock
from portal.services.doctor.checks import Check, CheckName, Verdict, failed, ok, warning
from portal.services.doctor.findings import Found
from portal.services.doctor.http_look import Answer, NotReached, look_at
from portal.services.doctor.limits import Limits
from portal.services.doctor.run import Run
from portal.settings import DingTalkAddresses

# Asked without a token or its parameters, DingTalk answers with an error of its own; the quota counts neither call.
API_PATH = "/v1.0/contact/users/me"
OAPI_PATH = "/gettoken"


@dataclass(frozen=True, kw_only=True)
class AddressChecks:
    """Asks both addresses for an answer that only DingTalk gives."""

    addresses: DingTalkAddresses
    clock: Clock
    limits: Limits

    def checks(self) -> tuple[Check, ...]:
        """The addresses, and the clock."""
        return (
            Check(name=CheckName.API_ADDRESS, look=lambda _: self._reach(self.addresses.api + API_PATH)),
            Check(name=CheckName.OAPI_ADDRESS, look=lambda _: self._reach(self.addresses.oapi + OAPI_PATH)),
            Check(name=CheckName.CLOCK, look=self._clock, needs=(CheckName.API_ADDRESS,)),
        )

    def _reach(self, url: str) -> Verdict:
        host = urlsplit(url).hostname or ""
        try:
            answer = self._ask(url)
        except NotReached as not_reached:
            return failed(not_reached.found, host=host)
        if answer.status >= 500:
            return failed(Found.SERVER_TROUBLE, host=host, status=str(answer.status))
        if not _is_dingtalks(answer.body):
            return failed(Found.NOT_DINGTALK, host=host, status=str(answer.status))
        return ok(Found.ANSWERS, host=host, milliseconds=str(round(answer.seconds * 1000)))

    def _clock(self, _run: Run) -> Verdict:
        asked_at = self.clock.now()
        try:
            answer = self._ask(self.addresses.api + API_PATH)
        except NotReached:
            return warning(Found.CLOCK_UNTOLD)
        ours = asked_at + (self.clock.now() - asked_at) / 2
        try:
            theirs = parsedate_to_datetime(answer.date)
        except ValueError:
            return warning(Found.CLOCK_UNTOLD)
        if theirs.tzinfo is None:
            theirs = theirs.replace(tzinfo=UTC)
        off_seconds = abs((ours - theirs).total_seconds())
        if off_seconds > self.limits.clock_far_off_seconds:
            return failed(Found.CLOCK_FAR_OFF, minutes=f"{off_seconds / 60:.0f}")
        if off_seconds > self.limits.clock_off_seconds:
            return warning(Found.CLOCK_OFF, seconds=f"{off_seconds:.0f}")
        return ok(Found.CLOCK_RIGHT)

    def _ask(self, url: str) -> Answer:
        return look_at(
            url,
            connect_seconds=self.limits.connect_seconds,
            answer_seconds=self.limits.answer_seconds,
        )


def _is_dingtalks(body: bytes) -> bool:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(answer, dict) and bool({"code", "errcode"} & {str(key).casefold() for key in answer})
