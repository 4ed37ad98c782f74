"""The small family of errors that services raise; the web layer turns each into a page with a remedy."""

from __future__ import annotations

from enum import StrEnum


class ServiceError(Exception):
    """Something that a person can do something about."""


class NotThere(ServiceError):
    """There is no such thing, or it is not theirs to see: the two look alike on purpose."""


class FieldFault(ServiceError):
    """One input cannot be accepted; ``field`` names it, ``reason`` selects the words."""

    def __init__(self, field: str, reason: str, **facts: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason
        self.facts = facts


class ProblemReason(StrEnum):
    """Why an action is not possible now."""

    SETTINGS_CHANGED = "settings_changed"
    NOT_BOUND = "not_bound"
    ONLY_READS = "only_reads"
    APPROVAL_OFF = "approval_off"
    DATA_WORK_ENTRY_OFF = "data_work_entry_off"
    COLUMN_ENTRY_OFF = "column_entry_off"
    LAST_ADMIN = "last_admin"
    NO_TEMPLATE = "no_template"
    GENERATION_RUNNING = "generation_running"
    NAME_TAKEN = "name_taken"
    FORM_DIFFERS = "form_differs"
    BYPASS_NEEDS_CONSENT = "bypass_needs_consent"
    FIELDS_MISSING = "fields_missing"
    TEMPLATE_CHANGED = "template_changed"
    TEMPLATE_NOT_USABLE = "template_not_usable"
    NOTHING_TO_ADD = "nothing_to_add"
    NOT_A_DINGTALK_PERSON = "not_a_dingtalk_person"
    NO_DEPARTMENT = "no_department"
    NOBODY_DECIDES = "nobody_decides"
    NOBODY_DECIDES_ALL = "nobody_decides_all"
    ALREADY_CLOSED = "already_closed"
    ALREADY_ANSWERED = "already_answered"
    NOBODY_TO_REMIND = "nobody_to_remind"
    REMINDED_JUST_NOW = "reminded_just_now"
    NOT_GONE = "not_gone"
    ALREADY_WITHDRAWING = "already_withdrawing"
    NOT_RETRYABLE = "not_retryable"
    FLOW_CHANGED = "flow_changed"
    NOTHING_TO_CHOOSE = "nothing_to_choose"
    NOTHING_TO_SYNC = "nothing_to_sync"
    SYNCED_JUST_NOW = "synced_just_now"
    CALLS_RUN_SHORT = "calls_run_short"
    CALLS_STOPPED = "calls_stopped"
    EVENT_NOT_PARKED = "event_not_parked"
    EXPORTS_BUSY = "exports_busy"
    GRANT_OVER = "grant_over"
    GRANT_NOT_FAILING = "grant_not_failing"
    TASK_DONE = "task_done"
    GRANT_BUSY = "grant_busy"
    CATALOGUE_CHANGED = "catalogue_changed"
    IMPORT_HAS_FAULTS = "import_has_faults"
    RESOURCE_CHANGED = "resource_changed"
    RESOURCE_GONE = "resource_gone"
    SYNC_IS_RUNNING = "sync_is_running"
    QUICKBI_NOT_CONNECTED = "quickbi_not_connected"
    ALREADY_DECIDED = "already_decided"
    NOT_YOUR_OWN = "not_your_own"
    NOTHING_TO_DECIDE = "nothing_to_decide"


class Problem(ServiceError):
    """An action that is not possible now; ``facts`` hold names for the sentence."""

    def __init__(self, reason: ProblemReason, **facts: str) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.facts = facts
