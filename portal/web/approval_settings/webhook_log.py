"""The webhook's section: what is stored, and its last calls as lines of a log."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import request
from flask_babel import gettext

from portal.channels.failures import Failure, Retry
from portal.grants.webhook.address import leads_to
from portal.models import GrantDelivery
from portal.rules.permissions import Permission
from portal.services.grants.webhook_settings import LOG_LENGTH
from portal.services.registry import services
from portal.web.access import person_may
from portal.web.approval_settings.webhook_form import WebhookFields
from portal.web.words.failures import failure_words

FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class LogLine:
    """One call; ``answer`` is its status and how its body began, or why there is none."""

    at: datetime
    action: str
    grant_id: int | None
    is_done: bool
    answer: str
    milliseconds: int


def webhook_context() -> dict[str, Any]:
    """Return what the section shows; the address says which calls, and before which (an id)."""
    webhook, only_failed = services().webhook_settings, request.args.get("calls") == FAILED
    typed = request.args.get("before", "")
    before = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 10 else None
    calls = webhook.deliveries(only_failed=only_failed, older_than=before)
    view = webhook.view()
    if not person_may(Permission.CHANGE_SETTINGS):
        # What follows may be a key: whoever cannot change the address has no need of it.
        view = replace(view, address=leads_to(view.address))
    return {
        "webhook": view,
        "webhook_form": WebhookFields.of(view),
        "webhook_calls": [log_line(each) for each in calls],
        "only_failed_calls": only_failed,
        "is_older": before is not None,
        "older_calls": calls[-1].id if len(calls) == LOG_LENGTH else None,
    }


def log_line(call: GrantDelivery) -> LogLine:
    """Return how one call reads."""
    return LogLine(
        at=call.began_at,
        action=_action(call.action),
        grant_id=call.grant_id,
        is_done=not call.failure,
        answer=_answer(call),
        milliseconds=call.took_ms,
    )


def remedy_of_test(call: GrantDelivery) -> str:
    """Return why a Test failed and what somebody has to do; empty where it arrived.

    A Test is never tried again by itself, so what only promises that is left out.
    """
    if not call.failure:
        return ""
    failure = Failure.from_json(call.failure)
    words = failure_words(failure)
    if failure.retry is Retry.RETRYABLE:
        return (
            gettext("Ask whoever runs it, then press Test again.")
            if "status" in failure.facts
            else words.reason
        )
    return words.remedy if "status" in failure.facts else f"{words.reason} {words.remedy}"


def _answer(call: GrantDelivery) -> str:
    facts = call.answer or {}
    if call.failure:
        failure = Failure.from_json(call.failure)
        if "status" not in failure.facts:
            return failure_words(failure).title
        facts = failure.facts
    return f"{facts.get('status', '')} {facts.get('excerpt', '')}".strip()


def _action(action: str) -> str:
    names = {
        "deliver": gettext("Give access"),
        "remove": gettext("Take access away"),
        "check": gettext("Check"),
        "test": gettext("Test"),
    }
    return names.get(action, action)
