"""The DingTalk app that the portal is bound to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base


class DingTalkApp(Base):
    """One row at most: one portal serves one organisation. Secrets are sealed, see ``secret_box``."""

    __tablename__ = "portal_dingtalk_app"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    corp_id: Mapped[str] = mapped_column(String(64))
    app_key: Mapped[str] = mapped_column(String(64))
    agent_id: Mapped[int | None] = mapped_column(BigInteger)
    app_secret_sealed: Mapped[str] = mapped_column(String(512))
    callback_token_sealed: Mapped[str] = mapped_column(String(512))
    callback_aes_key_sealed: Mapped[str] = mapped_column(String(512))
    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime]
    connection_checked_at: Mapped[datetime | None]
    connection_failure: Mapped[dict[str, Any] | None]
    check_url_at: Mapped[datetime | None]

    __mapper_args__ = {"version_id_col": version}
