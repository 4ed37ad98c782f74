"""What is left of the month's calls and pushes."""

from __future__ import annotations

from dataclasses import dataclass

from portal.services.doctor.checks import Check, CheckName, Verdict, failed, ok, warning
from portal.services.doctor.findings import Found
from portal.services.doctor.limits import Limits
from portal.services.doctor.run import Run
from portal.services.events.event_roads import EventRoads
from portal.services.work.dingtalk_calls import DingTalkCalls


@dataclass(frozen=True, kw_only=True)
class QuotaChecks:
    """Reads the portal's own counts: DingTalk tells nobody how much is left."""

    calls: DingTalkCalls
    roads: EventRoads
    limits: Limits

    def checks(self) -> tuple[Check, ...]:
        """Both."""
        database = (CheckName.DATABASE,)
        return (
            Check(name=CheckName.CALLS_USED, look=self._calls, needs=database),
            Check(name=CheckName.PUSHES_USED, look=self._pushes, needs=database),
        )

    def _calls(self, run: Run) -> Verdict:
        # The first counted call of a run shows whether DingTalk still answers any.
        run.result(CheckName.FORM_READ)
        budget = self.calls.budget()
        facts = {"used": f"{budget.used:,}", "quota": f"{budget.quota:,}", "percent": str(budget.percent)}
        if budget.is_stopped or budget.used >= budget.quota:
            return failed(Found.CALLS_GONE, **facts)
        if budget.percent >= self.limits.calls_short_percent:
            return warning(Found.CALLS_SHORT, **facts)
        return ok(Found.CALLS_LEFT, **facts)

    def _pushes(self, _run: Run) -> Verdict:
        pushes, free = self.roads.pushes_this_month(), self.limits.free_pushes
        facts = {"pushes": f"{pushes:,}", "free": f"{free:,}"}
        return (warning(Found.PUSHES_PAST_FREE, **facts)) if pushes > free else ok(Found.PUSHES_LEFT, **facts)
