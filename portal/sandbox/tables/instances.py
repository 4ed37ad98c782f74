"""Process instances with their tasks and operation records."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.sandbox.storage import Base

# DingTalk's task ids do not fit into 32 bits.
FIRST_TASK_ID = 87_654_321_001


class Instance(Base):
    """``steps`` is the flow as resolved at the start; ``step`` the index of the one in progress.

    ``round`` counts how often a step has begun, so that what is asked again is told from what was decided before.
    """

    __tablename__ = "instance"

    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(unique=True)
    business_id: Mapped[str]
    process_code: Mapped[str] = mapped_column(ForeignKey("template.process_code"), index=True)
    title: Mapped[str]
    originator_userid: Mapped[str] = mapped_column(index=True)
    department_id: Mapped[int]
    values: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    approver_userids: Mapped[list[str]] = mapped_column(JSON, default=list)
    cc_userids: Mapped[list[str]] = mapped_column(JSON, default=list)
    steps: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    step: Mapped[int] = mapped_column(default=-1)
    round: Mapped[int] = mapped_column(default=0)
    is_peer_to_peer: Mapped[bool] = mapped_column(default=False)
    status: Mapped[str] = mapped_column(default="RUNNING", index=True)
    result: Mapped[str] = mapped_column(default="")
    created_at: Mapped[int] = mapped_column(index=True)
    finished_at: Mapped[int | None]
    tasks: Mapped[list[Task]] = relationship(order_by="Task.id", back_populates="instance")
    records: Mapped[list[Record]] = relationship(order_by="Record.id", back_populates="instance")


class Task(Base):
    """One person's part of a step.

    A countersigner's task ``is_added``; ``resumes_id`` is the paused task that goes on after it, ``queue`` the
    countersigners who are asked after this one.
    """

    __tablename__ = "task"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    instance_position: Mapped[int] = mapped_column(ForeignKey("instance.position"), index=True)
    userid: Mapped[str] = mapped_column(index=True)
    activity_id: Mapped[str]
    name: Mapped[str]
    status: Mapped[str] = mapped_column(default="RUNNING")
    result: Mapped[str] = mapped_column(default="NONE")
    round: Mapped[int] = mapped_column(default=0)
    is_added: Mapped[bool] = mapped_column(default=False)
    resumes_id: Mapped[int | None]
    queue: Mapped[list[str]] = mapped_column(JSON, default=list)
    created_at: Mapped[int]
    finished_at: Mapped[int | None]
    instance: Mapped[Instance] = relationship(back_populates="tasks")

    @property
    def task_id(self) -> int:
        """The id DingTalk would show."""
        return FIRST_TASK_ID + self.id


class Record(Base):
    """One line of an instance's history.

    ``to_userids`` is whom it was about (handed over to, asked, represented): for people only, the API does not tell.
    """

    __tablename__ = "record"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    instance_position: Mapped[int] = mapped_column(ForeignKey("instance.position"), index=True)
    userid: Mapped[str]
    kind: Mapped[str]
    result: Mapped[str] = mapped_column(default="NONE")
    remark: Mapped[str] = mapped_column(default="")
    activity_id: Mapped[str] = mapped_column(default="")
    name: Mapped[str] = mapped_column(default="")
    cc_userids: Mapped[list[str]] = mapped_column(JSON, default=list)
    to_userids: Mapped[list[str]] = mapped_column(JSON, default=list)
    at: Mapped[int]
    instance: Mapped[Instance] = relationship(back_populates="records")
