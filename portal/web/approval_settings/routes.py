"""The Approval Settings page."""

from __future__ import annotations

from flask import Blueprint

from portal.web.access import admin_required

approval_settings = Blueprint("approval_settings", __name__, url_prefix="/settings/approval")


@approval_settings.get("")
@admin_required
def page() -> str:
    return ""
