"""What an admin copies from the portal into DingTalk: addresses, and which events to push."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app, url_for

from portal.settings import Settings
from portal.web.callbacks.door import ADDRESS


@dataclass(frozen=True, kw_only=True)
class ToCopy:
    """Addresses and filter rules; the rules are empty until a template is associated."""

    callback_url: str
    redirect_url: str
    console_url: str
    instance_rule: str
    task_rule: str


def to_copy(process_code: str | None) -> ToCopy:
    """Return what to enter in DingTalk's developer console.

    The form of the rules: DingTalk, event subscription, filter rules. Whether the values stand in braces there
    is not confirmed, so the plain form is given and the page says so.
    """
    settings: Settings = current_app.config["PORTAL_SETTINGS"]
    return ToCopy(
        callback_url=settings.public_url + ADDRESS,
        redirect_url=settings.public_url + url_for("sign_in.dingtalk_return"),
        console_url=settings.dingtalk.console,
        instance_rule=_rule("bpms_instance_change", process_code),
        task_rule=_rule("bpms_task_change", process_code),
    )


def _rule(event_type: str, process_code: str | None) -> str:
    return f"/v1.0/event/{event_type}/processCode/{process_code}/type/*" if process_code else ""
