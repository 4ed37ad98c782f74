"""Comments, possible after the end too."""

from __future__ import annotations

from sqlalchemy.orm import Session

from portal.sandbox.approval import running
from portal.sandbox.approval.refusals import ActionRefused, Refusal
from portal.sandbox.push.events import announce_comment
from portal.sandbox.settings import load as load_settings
from portal.sandbox.tables import Instance


def comment(session: Session, instance: Instance, *, userid: str, text: str) -> None:
    """Add a comment. Old events told of it; today's pages list none."""
    if not text.strip():
        raise ActionRefused(Refusal.TEXT_MISSING)
    running.note(instance, userid=userid, kind="ADD_REMARK", remark=text)
    if load_settings(session).comment_events:
        announce_comment(session, instance, userid=userid, text=text)
