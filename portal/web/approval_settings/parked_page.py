"""The page of parked events: its list and its retention, alone or together."""

from __future__ import annotations

from typing import Any

from flask import Response

from portal.services.events.parked_events import LIST_LIMIT
from portal.services.registry import services
from portal.web.approval_settings.retention_form import RetentionForm
from portal.web.htmx import render, wants_partial

LIST = "approval_settings/_parked_events.html"
RETENTION = "approval_settings/_payload_retention.html"


def show_parked(
    part: str, *, status: int = 200, older_than: int | None = None, **changes: object
) -> Response:
    """Render ``LIST`` or ``RETENTION`` for htmx, and the page with both for everybody else.

    ``changes`` replace what would be shown: what was ``said``, the ``problem`` met, a form with its errors.
    """
    shown = {part} if wants_partial() else {LIST, RETENTION}
    context: dict[str, Any] = {}
    if LIST in shown:
        context |= _list(older_than)
    if RETENTION in shown:
        context |= _retention()
    return render("approval_settings/parked_events_page.html", part, status=status, **{**context, **changes})


def _list(older_than: int | None) -> dict[str, Any]:
    events = services().parked_events.newest(older_than=older_than)
    return {
        "shown": events,
        "older_than": older_than,
        "next_older_than": events[-1].event.id if len(events) == LIST_LIMIT else None,
        "said": "",
        "problem": None,
    }


def _retention() -> dict[str, Any]:
    settings = services().approval_settings.current()
    return {
        "retention_form": RetentionForm.of(settings),
        "kept_days": settings.payload_kept_days,
        "is_retention_saved": False,
        "retention_problem": None,
    }
