"""Switches of the sandbox: how the pretended DingTalk behaves where organisations, pages or versions differ."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.sandbox.shapes import are_texts
from portal.sandbox.tables import Setting

LARGEST_AMOUNT = 10**9


class DefaultFlow(StrEnum):
    """What the flow of a template made by the API holds; DingTalk does not document it."""

    SELF_SELECT = "self_select"
    EMPTY = "empty"


class ForecastNaming(StrEnum):
    """How the forecast names the type of a node whose people it found; DingTalk documents only the first."""

    TARGET_APPROVAL = "target_approval"
    RULE_NAMES = "rule_names"


class SignatureParameter(StrEnum):
    """Query name of the signature: the current page and the older one differ."""

    MSG_SIGNATURE = "msg_signature"
    SIGNATURE = "signature"


class OwnerKeyKind(StrEnum):
    """The app key for a subscription made in the console, the corp id for one made by the old API."""

    APP_KEY = "app_key"
    CORP_ID = "corp_id"


class PermissionText(StrEnum):
    """The wording of a missing permission: with link, or as Quick BI's help page quotes it."""

    APPLY_LINK = "apply_link"
    HELP_PAGE = "help_page"


class FailedPushShape(StrEnum):
    """Where an entry of the failed-push list holds its event; DingTalk's page shows that place empty."""

    IN_CALLBACK_PART = "in_callback_part"
    UNDER_TAG = "under_tag"
    AS_TEXT = "as_text"
    EMPTY = "empty"


class PushMode(StrEnum):
    """How events are pushed: to an address over HTTP, or to whoever is connected by Stream."""

    HTTP = "http"
    STREAM = "stream"


class Permission(StrEnum):
    """Scopes of the app (DingTalk: developer console, permissions)."""

    FORM_WRITE = "Workflow.Form.Write"
    FORM_READ = "Workflow.Form.Read"
    INSTANCE_WRITE = "Workflow.Instance.Write"
    INSTANCE_READ = "Workflow.Instance.Read"
    CONTACT_ME = "Contact.User.Read"
    MEMBER = "qyapi_get_member"
    SEARCH = "qyapi_addresslist_search"
    DEPARTMENT_LIST = "qyapi_get_department_list"
    DEPARTMENT_MEMBER = "qyapi_get_department_member"
    BASE = "qyapi_base"
    PREMIUM = "Premium.Workflow.ReadWrite.All"


class AuthorityWords(StrEnum):
    """How ListAuthConfigByResource spells what somebody holds; Quick BI documents a list of texts."""

    NAMES = "names"
    CODES = "codes"


class SettingRefused(ValueError):
    """A setting of an unknown name, or a value it cannot hold; the text says which."""


@dataclass
class Subscription:
    """Where events go. ``events`` are ticked event types; empty ``types``/``process_codes`` filter nothing.

    Address and keys are for ``mode`` ``http`` alone.
    """

    url: str = ""
    aes_key: str = ""
    token: str = ""
    events: list[str] = field(default_factory=lambda: ["bpms_instance_change", "bpms_task_change"])
    types: list[str] = field(default_factory=list)
    process_codes: list[str] = field(default_factory=list)
    mode: str = PushMode.HTTP.value


@dataclass
class Settings:
    """``monthly_quota`` and ``calls_per_second`` of 0 mean no limit. ``denied_permissions`` are switched off.

    ``outside_contact_scope`` holds userids and department ids (as texts) the app may not see. What DingTalk leaves
    open: ``comment_events`` (a task event for each comment), ``cancel_events`` (task events for what a refusal or
    withdrawal ends), ``peer_to_peer_keeps_settings`` (whether a start with ``approvers`` may still be countersigned).
    ``quickbi_*`` belong to the pretended Quick BI: whether its organisation lets works be granted, whether the key's
    account may call the API, and whether column rules are of the newer kind, which alone has an API.
    """

    default_flow: DefaultFlow = DefaultFlow.SELF_SELECT
    withdraw_wait_seconds: float = 15
    retry_delays_seconds: list[float] = field(default_factory=lambda: [10, 30])
    failed_list_delay_seconds: float = 180
    failed_push_shape: FailedPushShape = FailedPushShape.IN_CALLBACK_PART
    delivery_timeout_milliseconds: int = 1500
    signature_parameter: SignatureParameter = SignatureParameter.MSG_SIGNATURE
    owner_key_kind: OwnerKeyKind = OwnerKeyKind.APP_KEY
    permission_text: PermissionText = PermissionText.APPLY_LINK
    forecast_naming: ForecastNaming = ForecastNaming.TARGET_APPROVAL
    update_resets_flow: bool = False
    has_premium: bool = False
    peer_to_peer_keeps_settings: bool = True
    comment_events: bool = False
    cancel_events: bool = False
    outside_contact_scope: list[str] = field(default_factory=list)
    stream_ack_seconds: float = 15
    stream_attempts: int = 5
    stream_ticket_seconds: float = 90
    stream_ping_seconds: float = 30
    stream_closing_seconds: float = 10
    stream_push_quota_used_up: bool = False
    hold_seconds: float = 15
    answer_delay_milliseconds: int = 0
    monthly_quota: int = 5000
    calls_per_second: int = 20
    denied_permissions: list[str] = field(default_factory=list)
    redirect_urls: list[str] = field(default_factory=list)
    quickbi_sharing_allowed: bool = True
    quickbi_caller_allowed: bool = True
    quickbi_new_column_rules: bool = True
    quickbi_calls_per_second: int = 50
    quickbi_authority_words: AuthorityWords = AuthorityWords.NAMES
    subscription: dict[str, Any] | None = None

    def subscribed(self) -> Subscription | None:
        """The event subscription, or None before the first successful Save."""
        return None if self.subscription is None else Subscription(**self.subscription)


_CHOICES: dict[str, type[StrEnum]] = {
    "default_flow": DefaultFlow,
    "signature_parameter": SignatureParameter,
    "owner_key_kind": OwnerKeyKind,
    "permission_text": PermissionText,
    "failed_push_shape": FailedPushShape,
    "forecast_naming": ForecastNaming,
    "quickbi_authority_words": AuthorityWords,
}


def load(session: Session) -> Settings:
    """Read all settings; what was never changed has its default."""
    stored = {row.name: row.value for row in session.scalars(select(Setting))}
    for name, choice in _CHOICES.items():
        if name in stored:
            stored[name] = choice(stored[name])
    return Settings(**stored)


def change(session: Session, **changes: Any) -> None:
    """Store ``changes`` by name; raises ``SettingRefused``, having stored nothing."""
    checked = {name: _checked(name=name, value=value) for name, value in changes.items()}
    for name, value in checked.items():
        session.merge(Setting(name=name, value=value))


def shown(settings: Settings) -> dict[str, Any]:
    """The switches as the control API shows them: no subscription, no permissions."""
    hidden = ("subscription", "denied_permissions")
    return {name: value for name, value in asdict(settings).items() if name not in hidden}


def _checked(*, name: str, value: Any) -> Any:
    known = {entry.name for entry in fields(Settings)}
    if name not in known:
        raise SettingRefused(f"unknown setting {name}; known are {', '.join(sorted(known))}")
    if name == "subscription":
        return value
    if name in _CHOICES:
        choices = [choice.value for choice in _CHOICES[name]]
        if value not in choices:
            raise SettingRefused(f"{name} must be one of {', '.join(choices)}")
        return str(value)
    default = getattr(Settings(), name)
    if isinstance(default, list):
        return _checked_list(name=name, value=value)
    if isinstance(default, bool) or isinstance(value, bool):
        if type(value) is not type(default):
            raise SettingRefused(f"{name} must be {type(default).__name__}")
        return value
    if not _is_amount(value):
        raise SettingRefused(f"{name} must be a number from 0 to {LARGEST_AMOUNT}")
    return value


def _is_amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LARGEST_AMOUNT


def _checked_list(*, name: str, value: Any) -> list[Any]:
    if name.endswith("_seconds"):
        if not isinstance(value, list) or not all(_is_amount(item) for item in value):
            raise SettingRefused(f"{name} must be a list of numbers from 0 to {LARGEST_AMOUNT}")
    elif not are_texts(value):
        raise SettingRefused(f"{name} must be a list of texts")
    return list(value)
