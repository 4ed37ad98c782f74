"""Every state, reason and record has words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask_babel import Babel

from portal.channels.approval_channel import RecordKind
from portal.rules.approval_state import ApprovalState
from portal.rules.approver_policy import (
    ApproverKind,
    ChoiceReason,
    Gap,
    GapReason,
    Nobody,
    NobodyReason,
)
from portal.rules.entitlement import Entitlement
from portal.rules.validity import PRESET_DAYS
from portal.services.outcomes.approval_records import ToldRecord
from portal.web.access_requests.request_form import PRESETS
from portal.web.words.approvers import approver_reason, kind_name, nobody_words
from portal.web.words.levels import level_includes
from portal.web.words.records import record_words
from portal.web.words.sign_in import refusal_sentence
from portal.web.words.states import state_badge, state_sentence, withdrawing_sentence

KINDS = {"neutral", "running", "success", "warning", "danger"}
REFUSALS = ("stale", "declined", "other_organisation", "external_contact", "not_active")


@pytest.fixture(autouse=True)
def request_context() -> Iterator[None]:
    app = Flask(__name__)
    Babel(app)
    with app.test_request_context():
        yield


@pytest.mark.parametrize("state", ApprovalState)
def test_every_state_has_a_badge_and_a_sentence(state: ApprovalState) -> None:
    kind, text = state_badge(state.value)
    assert kind in KINDS
    assert text
    assert state_sentence(state.value).endswith(".")
    assert withdrawing_sentence(state.value).startswith("Withdrawing")


@pytest.mark.parametrize("reason", ChoiceReason)
def test_every_choice_of_an_approver_has_its_reason(reason: ChoiceReason) -> None:
    assert approver_reason(reason.value).endswith(".")
    assert "Chen" in approver_reason(reason.value, "Chen")


@pytest.mark.parametrize("kind", ApproverKind)
@pytest.mark.parametrize("gap", GapReason)
@pytest.mark.parametrize("reason", NobodyReason)
def test_every_dead_end_says_why_and_what_to_do(
    reason: NobodyReason, gap: GapReason, kind: ApproverKind
) -> None:
    assert kind_name(kind)
    words = nobody_words(Nobody(reason=reason, gaps=(Gap(kind=kind, reason=gap),)))
    assert words.title
    assert words.remedy
    assert words.reason.count(".") == 2


@pytest.mark.parametrize("kind", RecordKind)
def test_every_record_has_words(kind: RecordKind) -> None:
    for who, user_id in (("Chen", "chen"), ("", "V00_1"), ("", "somebody_gone")):
        for others in ((), ("Dora",), ("Dora", "Kate", "Iris")):
            look, title = record_words(a_record(kind, who=who, user_id=user_id, others=others))
            assert look in KINDS
            assert title
            assert "%" not in title
            assert "V00_" not in title


def test_what_we_have_no_word_for_is_told_in_dingtalks_own() -> None:
    told = a_record(RecordKind.OTHER, who="Chen", user_id="chen", label="50%(who)s 催办")
    assert record_words(told)[1] == "Chen did what DingTalk calls “50%(who)s 催办”"


def a_record(
    kind: RecordKind, *, who: str, user_id: str, others: tuple[str, ...] = (), label: str = ""
) -> ToldRecord:
    at = datetime(2026, 1, 2, tzinfo=UTC)
    return ToldRecord(
        kind=kind, user_id=user_id, who=who, others=others, remark="", label=label, occurred_at=at
    )


@pytest.mark.parametrize("level", Entitlement)
def test_every_level_says_what_it_includes(level: Entitlement) -> None:
    assert level_includes(level.value).endswith(".")


@pytest.mark.parametrize("reason", REFUSALS)
def test_every_refused_sign_in_says_why(reason: str) -> None:
    assert refusal_sentence(reason).endswith(".")


def test_every_preset_has_a_name() -> None:
    assert set(PRESETS) == set(PRESET_DAYS)
