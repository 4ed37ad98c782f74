"""What a channel tells in our words can be stored, read back and shown without anything secret."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.channels.dingtalk.callback import outcomes_told
from portal.channels.dingtalk.connection import Binding
from portal.channels.failures import ChannelError, Failure, OwnFailure, Retry, own_failure

FAILURES = st.builds(
    Failure,
    kind=st.text(max_size=20),
    retry=st.sampled_from(Retry),
    operation=st.text(max_size=10),
    code=st.text(max_size=10),
    http_status=st.integers(min_value=0, max_value=599),
    message=st.text(max_size=30),
    request_id=st.none() | st.text(max_size=10),
    required_scopes=st.lists(st.text(max_size=10), max_size=3).map(tuple),
    apply_url=st.none() | st.text(max_size=10),
    facts=st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2),
)


@given(failure=FAILURES)
def test_a_failure_is_the_same_after_being_stored(failure: Failure) -> None:
    assert Failure.from_json(json.loads(json.dumps(failure.to_json()))) == failure


def test_the_sentence_is_worded_as_the_help_page_words_it() -> None:
    failure = Failure(
        kind="permission_missing",
        retry=Retry.PERMANENT,
        operation="createOaApprovalTemplate",
        code="Forbidden.AccessDenied.AccessTokenPermissionDenied",
        http_status=403,
        message="No permission to call this API.",
    )
    assert failure.sentence == (
        "DingTalk API call failed[createOaApprovalTemplate], "
        "[Forbidden.AccessDenied.AccessTokenPermissionDenied - code: 403, No permission to call this API.]"
    )
    assert str(ChannelError(failure)) == failure.sentence


@pytest.mark.parametrize("kind", OwnFailure)
def test_a_failure_of_our_own_has_no_sentence_of_the_vendor(kind: OwnFailure) -> None:
    error = own_failure(kind, name="Chen")
    assert (error.failure.sentence, str(error), error.failure.facts) == ("", kind.value, {"name": "Chen"})


def test_a_binding_does_not_show_its_secrets() -> None:
    binding = Binding(
        corp_id="corp",
        app_key="key",
        agent_id=1,
        app_secret="the-secret",
        callback_token="the-token",
        callback_aes_key="the-aes-key",
        version=1,
    )
    assert "the-" not in repr(binding)


@pytest.mark.parametrize(
    ("kind", "result", "told"),
    [
        ("start", None, set()),
        ("comment", "agree", set()),
        ("finish", "agree", {"approved"}),
        ("finish", "refuse", {"rejected"}),
        ("finish", None, {"approved", "rejected"}),
        ("finish", "something new", {"approved", "rejected"}),
        ("terminate", None, {"withdrawn", "terminated"}),
    ],
)
def test_an_event_tells_which_outcomes_are_possible(kind: str, result: str | None, told: set[str]) -> None:
    payload = {"EventType": "bpms_instance_change", "type": kind, "result": result}
    assert set(outcomes_told(json.dumps(payload))) == told
