"""Access tokens and one-time codes the sandbox has given out."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy.orm import Mapped, mapped_column

from portal.sandbox.storage import Base


class TokenKind(StrEnum):
    """Whose token it is."""

    APP = "app"
    USER = "user"
    REFRESH = "refresh"


class Token(Base):
    """``expires_at`` in epoch milliseconds; ``userid`` is empty for the app's own token."""

    __tablename__ = "token"

    value: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    userid: Mapped[str] = mapped_column(default="")
    with_corp_id: Mapped[bool] = mapped_column(default=False)
    expires_at: Mapped[int]


class AuthCode(Base):
    """A code of the sign-in page; single use, deleted when exchanged."""

    __tablename__ = "auth_code"

    value: Mapped[str] = mapped_column(primary_key=True)
    userid: Mapped[str]
    with_corp_id: Mapped[bool]
    expires_at: Mapped[int]
