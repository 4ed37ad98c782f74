"""What a look at a template found, and what of it is kept until an admin has dealt with it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from portal.channels.failures import Failure
from portal.rules.field_mapping import FieldMapping, faults_of, unfilled
from portal.rules.flow_drift import FlowChange
from portal.rules.flow_rules import FlowVerdict, Node, VerdictKind
from portal.rules.form_drift import FormChange
from portal.rules.template_field import TemplateField


@dataclass(frozen=True, kw_only=True)
class Drift:
    """What is different from what an admin confirmed; ``nodes`` is the flow as it was seen then.

    ``is_usable`` says that requests can be started with what is there now, so that an admin may take it over.
    """

    is_gone: bool = False
    is_disabled: bool = False
    form: tuple[FormChange, ...] = ()
    flow: tuple[FlowChange, ...] = ()
    nodes: tuple[Node, ...] = ()
    is_usable: bool = False

    def __bool__(self) -> bool:
        return bool(self.is_gone or self.is_disabled or self.form or self.flow)

    def to_json(self) -> dict[str, Any]:
        return {
            "is_gone": self.is_gone,
            "is_disabled": self.is_disabled,
            "form": [each.to_json() for each in self.form],
            "flow": [each.to_json() for each in self.flow],
            "nodes": [each.to_json() for each in self.nodes],
            "is_usable": self.is_usable,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any] | None) -> Self:
        """Read what is kept with a template; nothing kept is no drift."""
        if not stored:
            return cls()
        return cls(
            is_gone=stored["is_gone"],
            is_disabled=stored["is_disabled"],
            form=tuple(FormChange.from_json(each) for each in stored["form"]),
            flow=tuple(FlowChange.from_json(each) for each in stored["flow"]),
            nodes=tuple(Node.from_json(each) for each in stored["nodes"]),
            is_usable=stored["is_usable"],
        )

    @property
    def says(self) -> tuple[object, ...]:
        """What a person reads of it: two that say the same are one drift, whatever ids their nodes have."""
        return (self.is_gone, self.is_disabled, self.form, self.flow)

    @property
    def version(self) -> str:
        """A short text that differs whenever what a person reads of it does."""
        told = {**self.to_json(), "nodes": None, "is_usable": None}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True)
class TemplateReport:
    """A template as it is in DingTalk now. With a ``failure`` the look could not be finished, and nothing of what
    was not seen is known to be different. ``fields`` and ``mapping`` are those of now, empty if it is gone."""

    checked_at: datetime
    nodes: tuple[Node, ...] = ()
    verdict: FlowVerdict | None = None
    form_changes: tuple[FormChange, ...] = ()
    flow_changes: tuple[FlowChange, ...] = ()
    is_gone: bool = False
    is_disabled: bool = False
    failure: Failure | None = None
    name: str = ""
    fields: tuple[TemplateField, ...] = ()
    mapping: FieldMapping = field(default_factory=FieldMapping)

    @property
    def drift(self) -> Drift:
        """What of it differs from what was confirmed."""
        return Drift(
            is_gone=self.is_gone,
            is_disabled=self.is_disabled,
            form=self.form_changes,
            flow=self.flow_changes,
            nodes=self.nodes,
            is_usable=self.is_usable,
        )

    @property
    def is_usable(self) -> bool:
        """Whether requests can be started through the template as it is now, but for consent to pass people over."""
        return not (
            self.is_gone
            or self.is_disabled
            or self.verdict is None
            or self.verdict.kind == VerdictKind.NOT_USABLE
            or faults_of(self.mapping, self.fields)
            or unfilled(self.mapping, self.fields)
        )
