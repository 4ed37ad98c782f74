"""How requests are made and decided: which approver kinds are asked, entry points, time limits, where grants go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from portal.clock import Clock
from portal.grants.grant_target import TargetName
from portal.rules.approver_policy import ApproverKind
from portal.services.audit import Actor
from portal.services.faults import FieldFault
from portal.services.settings_change import changed_settings, record_settings

LONGEST_WAIT_DAYS = 365
LONGEST_PAUSE_HOURS = 24 * 30
LONGEST_DAYS = 3660


@dataclass(frozen=True, kw_only=True)
class Rules:
    """All but the approver kinds. Days, and hours for the pause; ``None`` is what nobody could read.

    Of ``escalates_after_days`` and ``lapses_after_days`` ``None`` also means *never*, so that is decided before.
    """

    is_data_work_entry_on: bool
    is_column_entry_on: bool
    escalates_after_days: int | None
    lapses_after_days: int | None
    nudge_pause_hours: int | None
    usual_days: int | None
    longest_days: int | None
    grant_target: TargetName


@dataclass(frozen=True, kw_only=True)
class RequestRules:
    """Changes these settings; requests that wait keep what they were submitted under."""

    clock: Clock

    def choose_approver_kinds(self, actor: Actor, *, kinds: Sequence[ApproverKind], version: int) -> None:
        """Set which kinds are asked, in this order; with none the fallback approver decides about everything.

        Raises ``Problem(SETTINGS_CHANGED)``.
        """
        with changed_settings(self.clock, version=version) as (session, row):
            before = {"approver_kinds": list(row.approver_kinds)}
            row.approver_kinds = [kind.value for kind in dict.fromkeys(kinds)]
            after = {"approver_kinds": list(row.approver_kinds)}
            record_settings(session, self.clock, actor, "approver_kinds.chosen", before=before, after=after)

    def set_rules(self, actor: Actor, rules: Rules, *, version: int) -> None:
        """Set what can be asked for, for how long, when a request is passed on or lapses, and what gives access.

        Raises ``FieldFault`` for what is out of range or contradicts itself, ``Problem(SETTINGS_CHANGED)``.
        """
        _check(rules)
        after = asdict(rules) | {"grant_target": rules.grant_target.value}
        with changed_settings(self.clock, version=version) as (session, row):
            before = {name: getattr(row, name) for name in after}
            for name, value in after.items():
                setattr(row, name, value)
            record_settings(session, self.clock, actor, "request_rules.set", before=before, after=after)


def _check(rules: Rules) -> None:
    for name, value, first, last in (
        ("escalates_after_days", rules.escalates_after_days, 1, LONGEST_WAIT_DAYS),
        ("lapses_after_days", rules.lapses_after_days, 1, LONGEST_WAIT_DAYS),
    ):
        if value is not None and not first <= value <= last:
            raise FieldFault(name, "too_far", first=str(first), last=str(last))
    for name, value, first, last in (
        ("nudge_pause_hours", rules.nudge_pause_hours, 1, LONGEST_PAUSE_HOURS),
        ("longest_days", rules.longest_days, 1, LONGEST_DAYS),
        ("usual_days", rules.usual_days, 1, rules.longest_days or LONGEST_DAYS),
    ):
        if value is None or not first <= value <= last:
            raise FieldFault(name, "too_far", first=str(first), last=str(last))
    passed_on, lapses = rules.escalates_after_days, rules.lapses_after_days
    if passed_on is not None and lapses is not None and lapses <= passed_on:
        raise FieldFault("lapses_after_days", "before_escalation")
