"""The official form fits DingTalk."""

from __future__ import annotations

from portal.rules.official_form import OFFICIAL_FIELDS, FormFieldName

LONGEST_LABEL = 20


def test_labels_fit_into_dingtalk_and_are_told_apart() -> None:
    for language in ("en", "zh"):
        labels = [field.labels[language] for field in OFFICIAL_FIELDS]
        assert all(len(label) <= LONGEST_LABEL for label in labels)
        assert len(set(labels)) == len(FormFieldName)


def test_component_ids_are_unique_and_never_change() -> None:
    assert [field.component_id for field in OFFICIAL_FIELDS] == [
        "TextField-portal-number",
        "TextareaField-portal-items",
        "TextField-portal-level",
        "TextField-portal-validity",
        "TextareaField-portal-reason",
        "TextField-portal-status",
    ]
