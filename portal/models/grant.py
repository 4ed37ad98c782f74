"""Access that follows an approval: takes effect at a grant target, and ends."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.access_request import AccessRequest, RequestItem
from portal.models.base import Base
from portal.models.person import Person
from portal.models.resource import Resource


class Grant(Base):
    """One approved item. ``state`` moves along ``rules/grant_state.py``; ``due_at`` is the promise of its next work.

    ``person`` is who gets the access. ``expires_at`` is empty only where access was approved without an end.
    ``ending`` is the end that is being carried out (expired, returned, revoked) while the target still has to take
    the access away; the state says so once it is done. ``leased_until`` keeps two workers from one person's access
    to one resource. ``delivery`` is what the target told of it (plain facts, nothing secret), ``task_at`` since when
    somebody is asked to act by hand. ``notice_at`` is when its person has to be told of the end next, ``check_at``
    when it is compared with the target, ``drift`` what was found to differ. ``renews_id`` is the grant that this one
    prolongs.
    """

    __tablename__ = "portal_grant"
    __table_args__ = (
        Index(
            "ix_portal_grant_due_at",
            "due_at",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
        # Sweeps read off these what is next; a grant that is over stands in none of them.
        Index(
            "ix_portal_grant_expires_at",
            "expires_at",
            sqlite_where=text("ending IS NULL AND ended_at IS NULL"),
            postgresql_where=text("ending IS NULL AND ended_at IS NULL"),
        ),
        Index(
            "ix_portal_grant_notice_at",
            "notice_at",
            sqlite_where=text("notice_at IS NOT NULL"),
            postgresql_where=text("notice_at IS NOT NULL"),
        ),
        Index(
            "ix_portal_grant_check_at",
            "check_at",
            sqlite_where=text("check_at IS NOT NULL"),
            postgresql_where=text("check_at IS NOT NULL"),
        ),
        Index("ix_portal_grant_person", "person_id", "resource_id", "id"),
        Index("ix_portal_grant_resource", "resource_id", "id"),
        Index("ix_portal_grant_state", "state", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("portal_request_item.id"), unique=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("portal_access_request.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("portal_person.id"))
    resource_id: Mapped[int] = mapped_column(ForeignKey("portal_resource.id"))
    entitlement: Mapped[str] = mapped_column(String(16))
    columns: Mapped[list[Any] | None]
    target: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    ending: Mapped[str | None] = mapped_column(String(16))
    approved_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    retries: Mapped[int] = mapped_column(default=0)
    delivery: Mapped[dict[str, Any] | None]
    failure: Mapped[dict[str, Any] | None]
    task_at: Mapped[datetime | None]
    active_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("portal_person.id"))
    end_reason: Mapped[str] = mapped_column(Text, default="", server_default="")
    notice_at: Mapped[datetime | None]
    check_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    drift: Mapped[dict[str, Any] | None]
    renews_id: Mapped[int | None] = mapped_column(ForeignKey("portal_grant.id"))
    version: Mapped[int] = mapped_column(default=1)

    item: Mapped[RequestItem] = relationship(back_populates="grant")
    request: Mapped[AccessRequest] = relationship()
    person: Mapped[Person] = relationship(lazy="joined", foreign_keys=[person_id])
    resource: Mapped[Resource] = relationship(lazy="joined")
    ended_by: Mapped[Person | None] = relationship(foreign_keys=[ended_by_id])

    __mapper_args__ = {"version_id_col": version}


class GrantDelivery(Base):
    """One try at a target, as its log shows it. Each try of one and the same delivery has the same ``delivery_id``.

    ``grant_id`` is empty for a press of Test. ``action`` is deliver, remove, check or test.
    """

    __tablename__ = "portal_grant_delivery"
    __table_args__ = (
        Index("ix_portal_grant_delivery_grant", "grant_id", "id"),
        Index("ix_portal_grant_delivery_target", "target", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    grant_id: Mapped[int | None] = mapped_column(ForeignKey("portal_grant.id"))
    target: Mapped[str] = mapped_column(String(16))
    action: Mapped[str] = mapped_column(String(16))
    delivery_id: Mapped[str] = mapped_column(String(64))
    began_at: Mapped[datetime]
    took_ms: Mapped[int]
    is_done: Mapped[bool]
    answer: Mapped[dict[str, Any] | None]
    failure: Mapped[dict[str, Any] | None]


class GrantTargetSettings(Base):
    """How one target is reached. ``options`` are plain, secrets sealed; an earlier one counts on after a change.

    ``version`` guards against two admins overwriting each other. ``failure`` is why the target was last not reached
    at all, ``synced_at`` when its catalogue was read last.
    """

    __tablename__ = "portal_grant_target"

    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    is_enabled: Mapped[bool] = mapped_column(default=False)
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)
    secret_sealed: Mapped[str | None] = mapped_column(String(512))
    earlier_secret_sealed: Mapped[str | None] = mapped_column(String(512))
    earlier_secret_until: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    failure: Mapped[dict[str, Any] | None]
    synced_at: Mapped[datetime | None]
    sync_report: Mapped[dict[str, Any] | None]
    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}
