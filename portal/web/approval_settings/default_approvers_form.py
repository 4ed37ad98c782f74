"""Which approver kinds are ticked, and in which order they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from portal.models import ApprovalSettings
from portal.rules.approver_policy import ApproverKind


class Sent(Protocol):
    """A query string or a form."""

    def getlist(self, key: str) -> Sequence[str]:
        """Return all values of a name."""

    def get(self, key: str) -> str | None:
        """Return the first value of a name."""


@dataclass(frozen=True, kw_only=True)
class DefaultApproversForm:
    """``order`` holds every kind once; ``version`` is that of the settings the admin saw."""

    order: tuple[ApproverKind, ...]
    ticked: frozenset[ApproverKind]
    version: str

    @property
    def kinds(self) -> tuple[ApproverKind, ...]:
        """The ticked kinds in their order."""
        return tuple(kind for kind in self.order if kind in self.ticked)

    @classmethod
    def of(cls, settings: ApprovalSettings) -> DefaultApproversForm:
        """Return the form for the stored settings: the ticked kinds first."""
        kinds = [ApproverKind(kind) for kind in settings.approver_kinds]
        return cls(order=_all(kinds), ticked=frozenset(kinds), version=str(settings.version))

    @classmethod
    def sent(cls, sent: Sent) -> DefaultApproversForm:
        """Return the form as it was sent, with one kind moved where a button for that was pressed."""
        order = list(_all(_known(sent.getlist("order"))))
        for name, step in _STEPS.items():
            for kind in _known([sent.get(name) or ""]):
                _move(order, kind, step)
        ticked = frozenset(_known(sent.getlist("kinds")))
        return cls(order=tuple(order), ticked=ticked, version=sent.get("version") or "")


_STEPS: Mapping[str, int] = {"up": -1, "down": 1}


def _move(order: list[ApproverKind], kind: ApproverKind, step: int) -> None:
    place = order.index(kind)
    wanted = place + step
    if 0 <= wanted < len(order):
        order[place], order[wanted] = order[wanted], order[place]


def _known(sent: Sequence[str]) -> list[ApproverKind]:
    return [ApproverKind(each) for each in sent if each in set(ApproverKind)]


def _all(first: Sequence[ApproverKind]) -> tuple[ApproverKind, ...]:
    return tuple(dict.fromkeys([*first, *ApproverKind]))
