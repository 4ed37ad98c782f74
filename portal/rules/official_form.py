"""The fields of a request form: their names here, and the official template's ids and labels.

Labels stay within DingTalk's 20 characters; component ids never change, so the template is found again by them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FormFieldName(StrEnum):
    """Our names of the values that an approval carries into DingTalk."""

    NUMBER = "number"
    ITEMS = "items"
    LEVEL = "level"
    VALIDITY = "validity"
    REASON = "reason"
    STATUS_PAGE = "status_page"


@dataclass(frozen=True, kw_only=True)
class OfficialField:
    """One field of the official template; ``is_long`` asks for several lines."""

    name: FormFieldName
    component_id: str
    is_long: bool
    labels: dict[str, str]


OFFICIAL_FIELDS: tuple[OfficialField, ...] = (
    OfficialField(
        name=FormFieldName.NUMBER,
        component_id="TextField-portal-number",
        is_long=False,
        labels={"en": "Request number", "zh": "申请单号"},
    ),
    OfficialField(
        name=FormFieldName.ITEMS,
        component_id="TextareaField-portal-items",
        is_long=True,
        labels={"en": "Requested items", "zh": "申请内容"},
    ),
    OfficialField(
        name=FormFieldName.LEVEL,
        component_id="TextField-portal-level",
        is_long=False,
        labels={"en": "Level", "zh": "权限级别"},
    ),
    OfficialField(
        name=FormFieldName.VALIDITY,
        component_id="TextField-portal-validity",
        is_long=False,
        labels={"en": "Valid for", "zh": "有效期"},
    ),
    OfficialField(
        name=FormFieldName.REASON,
        component_id="TextareaField-portal-reason",
        is_long=True,
        labels={"en": "Reason", "zh": "申请原因"},
    ),
    OfficialField(
        name=FormFieldName.STATUS_PAGE,
        component_id="TextField-portal-status",
        is_long=False,
        labels={"en": "Status page", "zh": "状态页"},
    ),
)

NUMBER_COMPONENT_ID = OFFICIAL_FIELDS[0].component_id
OFFICIAL_NAMES = ("Quick BI Permission Request", "Quick BI Approval")


def normalised(label: str) -> str:
    """Fold a label for comparison: case, spaces and common punctuation do not matter."""
    return "".join(character for character in label.casefold() if character.isalnum())
