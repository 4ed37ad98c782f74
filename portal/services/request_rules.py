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
class TimeLimits:
    """In days, the pause in hours; ``None`` is what nobody could read, of the first two also *never*."""

    escalates_after_days: int | None
    lapses_after_days: int | None
    nudge_pause_hours: int | None
    usual_days: int | None
    longest_days: int | None


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

    def open_entries(self, actor: Actor, *, data_work: bool, column: bool, version: int) -> None:
        """Open or close what can be asked for; raises ``Problem(SETTINGS_CHANGED)``."""
        with changed_settings(self.clock, version=version) as (session, row):
            before = {"data_work": row.is_data_work_entry_on, "column": row.is_column_entry_on}
            row.is_data_work_entry_on, row.is_column_entry_on = data_work, column
            after = {"data_work": data_work, "column": column}
            record_settings(session, self.clock, actor, "entry_points.set", before=before, after=after)

    def set_time_limits(self, actor: Actor, limits: TimeLimits, *, version: int) -> None:
        """Set after how long requests are passed on or lapse, and for how long access can be asked.

        Raises ``FieldFault`` for what is out of range or contradicts itself, ``Problem(SETTINGS_CHANGED)``.
        """
        _check(limits)
        with changed_settings(self.clock, version=version) as (session, row):
            before = {name: getattr(row, name) for name in asdict(limits)}
            for name, value in asdict(limits).items():
                setattr(row, name, value)
            record_settings(
                session, self.clock, actor, "time_limits.set", before=before, after=asdict(limits)
            )

    def choose_grant_target(self, actor: Actor, target: TargetName, *, version: int) -> None:
        """Set what gives access where a resource names no target; raises ``Problem(SETTINGS_CHANGED)``."""
        with changed_settings(self.clock, version=version) as (session, row):
            before = {"grant_target": row.grant_target}
            row.grant_target = target.value
            after = {"grant_target": target.value}
            record_settings(session, self.clock, actor, "grant_target.chosen", before=before, after=after)


def _check(limits: TimeLimits) -> None:
    for name, value, first, last in (
        ("escalates_after_days", limits.escalates_after_days, 1, LONGEST_WAIT_DAYS),
        ("lapses_after_days", limits.lapses_after_days, 1, LONGEST_WAIT_DAYS),
    ):
        if value is not None and not first <= value <= last:
            raise FieldFault(name, "too_far", first=str(first), last=str(last))
    for name, value, first, last in (
        ("nudge_pause_hours", limits.nudge_pause_hours, 1, LONGEST_PAUSE_HOURS),
        ("longest_days", limits.longest_days, 1, LONGEST_DAYS),
        ("usual_days", limits.usual_days, 1, limits.longest_days or LONGEST_DAYS),
    ):
        if value is None or not first <= value <= last:
            raise FieldFault(name, "too_far", first=str(first), last=str(last))
    passed_on, lapses = limits.escalates_after_days, limits.lapses_after_days
    if passed_on is not None and lapses is not None and lapses <= passed_on:
        raise FieldFault("lapses_after_days", "before_escalation")
