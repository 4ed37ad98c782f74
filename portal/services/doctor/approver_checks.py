"""Whether somebody decides about everything that can be asked for."""

from __future__ import annotations

from dataclasses import dataclass

from portal.services.doctor.checks import Check, CheckName, CheckState, Verdict, failed, ok, waits_for
from portal.services.doctor.findings import Found
from portal.services.doctor.run import Run
from portal.services.requests.undecided_resources import UndecidedResources


@dataclass(frozen=True, kw_only=True)
class ApproverChecks:
    """Looks through the catalogue with the approver policy."""

    undecided: UndecidedResources

    def checks(self) -> tuple[Check, ...]:
        """The one."""
        return (Check(name=CheckName.APPROVERS, look=self._approvers, needs=(CheckName.DATABASE,)),)

    def _approvers(self, run: Run) -> Verdict:
        count = self.undecided.count()
        if not count:
            return ok(Found.EVERYTHING_DECIDED)
        # A fallback approver who can be asked decides about all of them.
        if run.result(CheckName.FALLBACK_APPROVER).state is not CheckState.OK:
            return waits_for(CheckName.FALLBACK_APPROVER)
        return failed(Found.RESOURCES_UNDECIDED, count=str(count))
