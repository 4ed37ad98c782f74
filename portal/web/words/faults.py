"""What is wrong with one input."""

from __future__ import annotations

from flask_babel import gettext

from portal.services.faults import FieldFault


def fault_sentence(fault: FieldFault) -> str:
    """Return the sentence that stands beside the field."""
    return gettext("This cannot be used: %(reason)s", reason=fault.reason)
