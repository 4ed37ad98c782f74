"""The developer console's event subscription: HTTP push or Stream, ticked events, and the verdict of Save."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import ngettext

from portal.sandbox.push import handshake
from portal.sandbox.push.events import EVENT_TYPES
from portal.sandbox.push.post import Verdict
from portal.sandbox.runtime import current_sandbox
from portal.sandbox.settings import PushMode, Settings, Subscription
from portal.sandbox.settings import load as load_settings

blueprint = Blueprint("subscription_page", __name__, url_prefix="/console/events")

INSTANCE_CHANGES = ("start", "finish", "terminate")


@blueprint.get("")
def page() -> ResponseReturnValue:
    """What is stored, or an empty form."""
    current = _settings().subscribed() or Subscription(url="", aes_key="", token="")
    return _shown(current)


@blueprint.post("")
def save() -> ResponseReturnValue:
    """Push ``check_url``, or look for a Stream connection; nothing is stored unless the answer is right."""
    given = _given()
    try:
        subscription = handshake.checked(vars(given))
    except handshake.SubscriptionRefused as error:
        return _shown(given, problem=error.field), 422
    verdict = handshake.save(current_sandbox(), subscription)
    return _shown(given, verdict=verdict), 200 if verdict.is_ok else 409


@blueprint.post("/disconnection")
def disconnect() -> ResponseReturnValue:
    """Tell every Stream connection that it ends soon, as DingTalk does to spread its load."""
    ended = current_sandbox().gateway.disconnect_all(
        closing_seconds=_settings().stream_closing_seconds, reason="connection is expired"
    )
    flash(
        ngettext(
            "%(num)s connection was told that it ends.", "%(num)s connections were told that they end.", ended
        )
    )
    return redirect(url_for(".page"), code=303)


def _given() -> Subscription:
    form = request.form
    return Subscription(
        url=form.get("url", "").strip(),
        aes_key=form.get("aes_key", "").strip(),
        token=form.get("token", "").strip(),
        events=form.getlist("events"),
        types=form.getlist("types"),
        process_codes=form.get("process_codes", "").replace(",", " ").split(),
        mode=PushMode.STREAM.value if form.get("mode") == PushMode.STREAM else PushMode.HTTP.value,
    )


def _settings() -> Settings:
    with current_sandbox().storage.read() as session:
        return load_settings(session)


def _shown(given: Subscription, *, problem: str = "", verdict: Verdict | None = None) -> str:
    settings = _settings()
    return render_template(
        "sandbox/subscription.html",
        given=given,
        stored=settings.subscribed(),
        settings=settings,
        problem=problem,
        verdict=verdict,
        event_types=EVENT_TYPES,
        changes=INSTANCE_CHANGES,
        connections=current_sandbox().gateway.connections(),
    )
