"""The official form fits DingTalk, and custom forms are matched to it by label."""

from __future__ import annotations

from portal.rules.official_form import OFFICIAL_FIELDS, FormFieldName, match_fields

LONGEST_LABEL = 20


def test_labels_fit_into_dingtalk_and_are_told_apart() -> None:
    for language in ("en", "zh"):
        labels = [field.labels[language] for field in OFFICIAL_FIELDS]
        assert all(len(label) <= LONGEST_LABEL for label in labels)
        assert len(match_fields(labels)) == len(FormFieldName)


def test_component_ids_are_unique_and_never_change() -> None:
    assert [field.component_id for field in OFFICIAL_FIELDS] == [
        "TextField-portal-number",
        "TextareaField-portal-items",
        "TextField-portal-level",
        "TextField-portal-validity",
        "TextareaField-portal-reason",
        "TextField-portal-status",
    ]


def test_labels_match_in_either_language_whatever_their_case_and_spaces() -> None:
    found = match_fields(["REQUEST  number：", "申请原因", "Colour"])
    assert found == {FormFieldName.NUMBER: "REQUEST  number：", FormFieldName.REASON: "申请原因"}


def test_no_label_matches_nothing() -> None:
    assert match_fields(["", "  ", "!"]) == {}
