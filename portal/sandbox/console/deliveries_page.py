"""The log of events: what was sent, when, how it was answered."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from portal.sandbox.runtime import current_sandbox
from portal.sandbox.tables import Delivery

blueprint = Blueprint("deliveries_page", __name__, url_prefix="/console/deliveries")
MOST_SHOWN = 60


@blueprint.get("")
def page() -> ResponseReturnValue:
    """The latest events first; polled through htmx for the list alone."""
    latest = select(Delivery).order_by(Delivery.id.desc()).limit(MOST_SHOWN)
    polled = bool(request.headers.get("HX-Request"))
    with current_sandbox().storage.read() as session:
        return render_template(
            "sandbox/_deliveries.html" if polled else "sandbox/deliveries.html",
            deliveries=session.scalars(latest).all(),
            pretty=_pretty,
        )


def _pretty(payload: dict[str, Any]) -> str:
    return json.dumps(payload, ensure_ascii=False, indent=2)
