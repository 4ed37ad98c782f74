"""One-time codes of the sign-in."""

from __future__ import annotations

import secrets

from sqlalchemy.orm import Session

from portal.sandbox.clock import now_ms
from portal.sandbox.tables import AuthCode

LIFETIME_SECONDS = 300


def issue_code(session: Session, *, userid: str, with_corp_id: bool) -> str:
    """Make a code for ``userid``; ``with_corp_id`` when the ``corpid`` scope was asked for."""
    code = secrets.token_hex(16)
    session.add(
        AuthCode(
            value=code,
            userid=userid,
            with_corp_id=with_corp_id,
            expires_at=now_ms() + LIFETIME_SECONDS * 1000,
        )
    )
    return code
