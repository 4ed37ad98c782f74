"""Which ways of asking are open: an admin may close the data works' or the masked columns' alone."""

from __future__ import annotations

from sqlalchemy.orm import Session

from portal.models import ApprovalSettings
from portal.rules.entitlement import Entitlement
from portal.services.faults import Problem, ProblemReason


def check_entry(session: Session, level: str) -> None:
    """Raise ``Problem`` when this level cannot be asked for now: ``DATA_WORK_ENTRY_OFF`` or ``COLUMN_ENTRY_OFF``.

    Quick BI has an entry on the page of a data work and one for masked columns (approval settings); what is asked
    for a dataset or a data source as a whole goes by the former.
    """
    reason = closed_entry(session.get(ApprovalSettings, 1), level)
    if reason is not None:
        raise Problem(reason)


def closed_entry(settings: ApprovalSettings | None, level: str) -> ProblemReason | None:
    """Return why this level cannot be asked for by these settings, or None when it can."""
    if settings is None:
        return None
    if level == Entitlement.UNMASK:
        return None if settings.is_column_entry_on else ProblemReason.COLUMN_ENTRY_OFF
    return None if settings.is_data_work_entry_on else ProblemReason.DATA_WORK_ENTRY_OFF
