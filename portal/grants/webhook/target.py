"""The webhook as a grant target: each order becomes one signed call."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from portal.channels.failures import Failure
from portal.clock import Clock
from portal.grants.grant_target import Delivered, Doing, Finding, Found, GrantOrder, TargetError
from portal.grants.webhook.address import AddressFault, AddressRefused, AddressRules
from portal.grants.webhook.answers import Told, WebhookFailure, facts_of, failure, read_answer
from portal.grants.webhook.call import Answer, Caller, NoAnswer, NotSent
from portal.grants.webhook.payload import WebhookEvent, body_of, probe_body
from portal.grants.webhook.signature import signed_headers

TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class WebhookConnection:
    """How the webhook is reached. ``secrets`` sign, newest first; ``answers_checks``: it knows ``grant.check``."""

    address: str
    secrets: tuple[str, ...]
    answers_checks: bool = False

    def __repr__(self) -> str:
        return "WebhookConnection(...)"  # neither a secret nor an address that holds one may reach a log


@dataclass(frozen=True, kw_only=True)
class Heard:
    """An answer, and what it says."""

    answer: Answer
    told: Told


@dataclass(frozen=True)
class WebhookTarget:
    """``read_connection`` raises ``TargetError`` where nothing may be sent; the receiver tells repeats by their id.

    ``bundle`` is the file of the authorities that certificates are checked with.
    """

    read_connection: Callable[[], WebhookConnection]
    clock: Clock
    rules: AddressRules
    bundle: str
    timeout_seconds: float = TIMEOUT_SECONDS

    def deliver(self, order: GrantOrder) -> Delivered:
        """Announce that the person gets the access; raises ``TargetError``."""
        return self._announced(WebhookEvent.DELIVER, order)

    def remove(self, order: GrantOrder) -> Delivered:
        """Announce that the access ends, and what other grants of the person still give; raises ``TargetError``."""
        return self._announced(WebhookEvent.REMOVE, order)

    def check(self, order: GrantOrder) -> Found:
        """Ask whether the access is there, where the receiver answers that; raises ``TargetError``."""
        connection = self.read_connection()
        if not connection.answers_checks:
            return Found(finding=Finding.CANNOT_TELL)
        heard = self._called(connection, body_of(WebhookEvent.CHECK, order), order.delivery_id)
        findings = {Told.PRESENT: Finding.AS_WANTED, Told.ABSENT: Finding.MISSING}
        return Found(finding=findings.get(heard.told, Finding.CANNOT_TELL), facts=facts_of(heard.answer))

    def probe(self, connection: WebhookConnection, *, delivery_id: str) -> Delivered:
        """Send a signed call about nothing; raises ``TargetError``."""
        heard = self._called(connection, probe_body(delivery_id), delivery_id)
        return Delivered(facts=facts_of(heard.answer))

    def _announced(self, event: WebhookEvent, order: GrantOrder) -> Delivered:
        heard = self._called(self.read_connection(), body_of(event, order), order.delivery_id)
        doing = Doing.BY_HAND if heard.told == Told.PENDING else Doing.DONE
        return Delivered(doing=doing, facts=facts_of(heard.answer))

    def _called(self, connection: WebhookConnection, body: bytes, delivery_id: str) -> Heard:
        now = self.clock.now()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "approval-portal",
            "Connection": "close",
            **signed_headers(
                connection.secrets, delivery_id=delivery_id, timestamp=int(now.timestamp()), body=body
            ),
        }
        try:
            answer = self._caller.post(connection.address, headers=headers, body=body)
        except (AddressRefused, NotSent, NoAnswer) as error:
            raise TargetError(_failure(error)) from None
        return Heard(answer=answer, told=read_answer(answer, now=now))

    @cached_property
    def _caller(self) -> Caller:
        # The authorities of a bundle take 20 ms to load: once is enough.
        context = ssl.create_default_context(cafile=self.bundle)
        return Caller(rules=self.rules, context=context, seconds=self.timeout_seconds)


def authorities() -> str:
    """Return the file of authorities that the portal trusts: the one that operators named, or the public ones."""
    return os.environ.get("REQUESTS_CA_BUNDLE") or str(DEFAULT_CA_BUNDLE_PATH)


def _failure(error: AddressRefused | NotSent | NoAnswer) -> Failure:
    if isinstance(error, AddressRefused):
        if error.fault == AddressFault.UNKNOWN_HOST:
            return failure(WebhookFailure.HOST_UNKNOWN)
        return failure(WebhookFailure.ADDRESS_REFUSED, is_permanent=True, facts={"fault": error.fault.value})
    if isinstance(error, NotSent):
        return failure(WebhookFailure.CERTIFICATE if error.is_certificate else WebhookFailure.UNREACHABLE)
    return failure(WebhookFailure.TIMED_OUT if error.is_late else WebhookFailure.BROKEN)
