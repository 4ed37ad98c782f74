"""A Test of the whole chain: a real instance that never becomes access."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.approval import Approval
from portal.models.base import Base
from portal.models.person import Person


class Trial(Base):
    """What was observed of one Test; its instance is owned by ``approval``."""

    __tablename__ = "portal_trial"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(24), unique=True)
    started_by_id: Mapped[int] = mapped_column(ForeignKey("portal_person.id"))
    department_id: Mapped[int] = mapped_column(BigInteger)
    language: Mapped[str] = mapped_column(String(8))
    started_at: Mapped[datetime]
    token_obtained_at: Mapped[datetime | None]
    start_event_at: Mapped[datetime | None]

    started_by: Mapped[Person] = relationship(lazy="joined")
    approval: Mapped[Approval] = relationship(back_populates="trial", lazy="joined")
