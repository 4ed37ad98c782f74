"""The path that an instance would take, as DingTalk predicts it for one requester and one set of values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A person named by a node: one to choose from, or one already found."""

    user_id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class FlowNode:
    """One node on the predicted path.

    ``activity_type`` is an open set (``target_select``, ``target_approval`` …), ``actor_type`` is ``approver``,
    ``notifier`` or ``audit``, ``approval_method`` is ``ONE_BY_ONE``, ``AND`` or ``OR``. ``candidates`` and
    ``role_ids`` limit whom the initiator may choose; both empty means anybody. ``people`` are those DingTalk found.
    """

    activity_id: str
    name: str
    activity_type: str
    is_selected_by_initiator: bool
    actor_key: str | None
    actor_type: str
    selection_type: str
    candidates: tuple[Candidate, ...]
    role_ids: tuple[str, ...]
    allows_several: bool
    approval_type: str
    approval_method: str
    is_required: bool
    people: tuple[Candidate, ...]


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """The predicted path; with ``is_success`` false no conclusion may be drawn from it."""

    is_success: bool
    is_static: bool
    nodes: tuple[FlowNode, ...]
