"""Sentences for stored codes: codes are kept, words are chosen when a page is drawn, in the reader's language."""

from __future__ import annotations

from flask import Flask

from portal.services.names import entitlement_name, resource_type_name
from portal.web.words.approvers import approver_reason, kind_name
from portal.web.words.failures import failure_words
from portal.web.words.roles import role_name, workspace_role_name
from portal.web.words.states import state_badge


def init_words(app: Flask) -> None:
    """Give templates the words for codes."""
    app.jinja_env.globals.update(
        entitlement_name=entitlement_name,
        resource_type_name=resource_type_name,
        failure_words=failure_words,
        state_badge=state_badge,
        approver_reason=approver_reason,
        kind_name=kind_name,
        role_name=role_name,
        workspace_role_name=workspace_role_name,
    )
