"""What a person sends when they decide: which approvals, what they say to them, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from flask import request

from portal.rules.request_number import LARGEST_ID
from portal.services.decisions.decisions import MOST_TOGETHER, Verdict
from portal.services.faults import FieldFault


@dataclass(frozen=True, kw_only=True)
class DecisionForm:
    """As it was typed: drawn again with it when something is wrong."""

    verdict: Verdict | None
    reason: str
    approval_ids: tuple[int, ...]
    fault: FieldFault | None = field(default=None)

    @classmethod
    def sent(cls) -> Self:
        """Read what was sent; what cannot be read is as if it had not been."""
        verdict = request.form.get("verdict", "")
        typed = (number_of(each) for each in request.form.getlist("approval")[:MOST_TOGETHER])
        return cls(
            verdict=Verdict(verdict) if verdict in set(Verdict) else None,
            reason=request.form.get("reason", ""),
            approval_ids=tuple(each for each in typed if each is not None),
        )

    def checked_verdict(self) -> Verdict:
        """Return what is said; raises ``FieldFault`` where nothing is."""
        if self.verdict is None:
            raise FieldFault("verdict", "missing")
        return self.verdict

    def checked_ids(self) -> tuple[int, ...]:
        """Return which approvals it is about; raises ``FieldFault`` where there are none."""
        if not self.approval_ids:
            raise FieldFault("approval", "missing")
        return self.approval_ids


def number_of(typed: str | None) -> int | None:
    """Return the id of a row, or None for what cannot be one."""
    if not typed or not typed.isascii() or not typed.isdecimal() or len(typed) > 18:
        return None
    return int(typed) if int(typed) <= LARGEST_ID else None
