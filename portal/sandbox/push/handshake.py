"""Save on the event subscription page: nothing is stored unless the subscriber answers, or is connected by Stream."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from portal.sandbox.push.events import EVENT_TYPES
from portal.sandbox.push.post import Outcome, Verdict, push
from portal.sandbox.push.target import target_of
from portal.sandbox.runtime import Sandbox
from portal.sandbox.settings import PushMode, SettingRefused, Subscription, change
from portal.sandbox.settings import load as load_settings
from portal.sandbox.shapes import are_texts

CHECK_URL = {"EventType": "check_url"}


class SubscriptionRefused(SettingRefused):
    """``field`` names what the console would not take; ``shape`` for something else than a subscription."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def checked(values: dict[str, Any]) -> Subscription:
    """A subscription from plain values; raises ``SubscriptionRefused`` for what the console would not take."""
    try:
        subscription = Subscription(**values)
    except TypeError as error:
        raise SubscriptionRefused(
            "shape", "a subscription has mode, url, aes_key, token, events, types, process_codes"
        ) from error
    if subscription.mode not in list(PushMode):
        raise SubscriptionRefused("shape", f"mode must be one of {', '.join(PushMode)}")
    if subscription.mode == PushMode.HTTP:
        _check_address_and_keys(subscription)
    if not are_texts(subscription.events) or not set(subscription.events) <= set(EVENT_TYPES):
        raise SubscriptionRefused("events", f"events must be of {', '.join(EVENT_TYPES)}")
    if not are_texts(subscription.types) or not are_texts(subscription.process_codes):
        raise SubscriptionRefused("shape", "types and process_codes must be lists of texts")
    return subscription


def _check_address_and_keys(subscription: Subscription) -> None:
    if not _is_address(subscription.url):
        raise SubscriptionRefused("url", "url must be an http or https address")
    if not re.fullmatch(r"[A-Za-z0-9]{43}", str(subscription.aes_key)):
        raise SubscriptionRefused("aes_key", "aes_key must have 43 letters and digits")
    if not re.fullmatch(r"[A-Za-z0-9]{3,32}", str(subscription.token)):
        raise SubscriptionRefused("token", "token must have 3 to 32 letters and digits")


def _is_address(url: object) -> bool:
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        return (
            parts is not None
            and parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.port != 0
        )
    except ValueError:
        return False


def save(sandbox: Sandbox, subscription: Subscription) -> Verdict:
    """Push ``check_url`` and store ``subscription`` if the answer is right; by Stream a client must be connected."""
    if subscription.mode == PushMode.STREAM:
        return _verify_channel(sandbox, subscription)
    with sandbox.storage.read() as session:
        settings = load_settings(session)
    verdict = push(CHECK_URL, target_of(subscription, settings=settings, config=sandbox.config))
    if verdict.is_ok:
        store(sandbox, subscription)
    return verdict


def _verify_channel(sandbox: Sandbox, subscription: Subscription) -> Verdict:
    if not sandbox.gateway.connections():
        return Verdict(outcome=Outcome.NOT_CONNECTED, milliseconds=0)
    store(sandbox, subscription)
    return Verdict(outcome=Outcome.OK, milliseconds=0)


def store(sandbox: Sandbox, subscription: Subscription) -> None:
    """Store without asking the subscriber; only the control API may."""
    with sandbox.storage.write() as session:
        change(session, subscription=vars(subscription).copy())
    sandbox.wake.set()
