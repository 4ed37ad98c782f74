"""Binding the DingTalk app: secrets go in and never come out."""

from __future__ import annotations

import re

import pytest

from portal.extensions import db
from portal.models import AuditEntry, CallbackEvent, DingTalkApp
from tests.portal_world import AES_KEY, AGENT_ID, APP_KEY, APP_SECRET, CORP_ID, TOKEN, World
from tests.web.approval_settings.admin_browser import PAGE, AdminBrowser, hidden, words

BOUND = {"corp_id": CORP_ID, "app_key": APP_KEY, "agent_id": str(AGENT_ID)}
SUBSCRIPTION = {"aes_key": AES_KEY, "token": TOKEN, "events": ["bpms_instance_change"]}
NEW = {"app_secret": "brand-new-secret", "callback_token": "newToken12345", "callback_aes_key": "n" * 43}


def unbind(world: World) -> None:
    def forget() -> None:
        db.session.query(DingTalkApp).delete()
        db.session.commit()

    world.look(forget)


def test_no_stored_secret_is_on_the_page(alice: AdminBrowser) -> None:
    page = alice.get().text
    assert "Stored, encrypted" in page
    for secret in (APP_SECRET, TOKEN, AES_KEY):
        assert secret not in page


def test_empty_secrets_keep_the_stored_ones(world: World, alice: AdminBrowser) -> None:
    version = hidden(alice.get(f"{PAGE}/dingtalk-app", has_script=True).text, "version")
    answer = alice.post("/dingtalk-app", has_script=True, **{**BOUND, "agent_id": ""}, version=version)
    assert answer.headers["HX-Trigger"] == '{"dingtalk-app-saved": true}'
    binding = world.look(world.services.callback_intake.bindings.read)
    assert (binding.agent_id, binding.app_secret, binding.callback_token) == (None, APP_SECRET, TOKEN)


def test_new_secrets_replace_the_stored_ones_and_are_not_shown_again(
    world: World, alice: AdminBrowser
) -> None:
    answer = alice.post("/dingtalk-app", has_script=True, **BOUND, **NEW, version="1")
    assert answer.status_code == 200
    assert not [secret for secret in NEW.values() if secret in answer.text + alice.get().text]
    binding = world.look(world.services.callback_intake.bindings.read)
    assert (binding.app_secret, binding.callback_aes_key) == ("brand-new-secret", "n" * 43)
    entries = world.look(lambda: [each.after for each in db.session.query(AuditEntry)])
    assert not [secret for secret in NEW.values() if secret in str(entries)]


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("corp_id", "", "Enter the Corp ID"),
        ("corp_id", "<script>", "Enter the Corp ID"),
        ("app_key", "a b", "Enter the app key"),
        ("agent_id", "12a", "The Agent ID has only digits"),
        ("agent_id", "１２", "The Agent ID has only digits"),
        ("callback_token", "密" * 5, "The token has 3 to 32 letters and digits"),
        ("callback_aes_key", "a" * 42, "The aes_key has exactly 43 letters and digits"),
        ("app_secret", "s" * 129, "Enter the app secret"),
    ],
)
@pytest.mark.parametrize("has_script", [True, False])
def test_a_bad_value_is_marked_in_place_and_the_rest_stays(
    alice: AdminBrowser, field: str, typed: str, sentence: str, has_script: bool
) -> None:
    form = {**BOUND, "callback_token": "typedByHand1", field: typed, "version": "1"}
    answer = alice.post("/dingtalk-app", has_script=has_script, **form)
    assert answer.status_code == 422
    assert sentence in words(answer.text)
    assert re.search(rf'aria-invalid="true"[^>]*id="{field}"', answer.text)
    for name in {"corp_id", "app_key", "callback_token"} - {field}:
        assert f'value="{form[name]}"' in answer.text
    assert "<script>" not in answer.text.replace('<script src="', "")


def test_an_app_secret_is_never_echoed_even_when_something_else_is_wrong(alice: AdminBrowser) -> None:
    answer = alice.post("/dingtalk-app", **{**BOUND, "corp_id": ""}, app_secret="TYPED-SECRET", version="1")
    assert answer.status_code == 422
    assert "TYPED-SECRET" not in answer.text
    assert "Type it once more" in words(answer.text)


def test_the_first_binding_needs_every_secret(world: World, alice: AdminBrowser) -> None:
    unbind(world)
    page = alice.get().text
    assert "Next step Connect the DingTalk app" in words(page)
    assert page.index('id="dingtalk-app"') < page.index('id="switches"')
    refused = alice.post("/dingtalk-app", **BOUND, version="0")
    assert "Enter the app secret" in words(refused.text)
    saved = alice.post("/dingtalk-app", **BOUND, **NEW, version="0")
    assert saved.headers["Location"] == f"{PAGE}#dingtalk-app"
    assert world.look(world.services.dingtalk_apps.view).is_bound


def test_a_binding_saved_by_another_admin_meanwhile_is_not_overwritten_unseen(
    world: World, alice: AdminBrowser
) -> None:
    alice.post("/dingtalk-app", **{**BOUND, "agent_id": "1"}, version="1")
    answer = alice.post("/dingtalk-app", has_script=True, **{**BOUND, "agent_id": "2"}, version="1")
    assert answer.status_code == 409
    assert "Another admin saved these settings meanwhile" in words(answer.text)
    assert 'value="2"' in answer.text
    again = alice.post(
        "/dingtalk-app",
        has_script=True,
        **{**BOUND, "agent_id": "2"},
        version=hidden(answer.text, "version"),
    )
    assert again.status_code == 200
    assert world.look(world.services.dingtalk_apps.view).agent_id == "2"


@pytest.mark.parametrize(
    ("name", "shape"), [("callback_token", r"[A-Za-z0-9]{24}"), ("callback_aes_key", r"[A-Za-z0-9]{43}")]
)
def test_generate_offers_a_fresh_key_and_saves_nothing(
    world: World, alice: AdminBrowser, name: str, shape: str
) -> None:
    def offered(answer_text: str) -> str:
        field = re.search(rf'<input[^>]*id="{name}"[^>]*>', answer_text)
        assert field
        found = re.search(rf'value="({shape})"', field[0])
        assert found, field[0]
        return found[1]

    first = alice.post(f"/dingtalk-app/generated/{name}", has_script=True)
    assert first.text.lstrip().startswith(f'<div class="field" id="callback-key-{name}"')
    typed = {"corp_id": "typedCorp", "app_secret": "TYPED-SECRET", "callback_token": "typedByHand1"}
    page = alice.post(f"/dingtalk-app/generated/{name}", **typed, version="1").text
    assert offered(first.text) != offered(page)
    assert 'value="typedCorp"' in page
    assert "TYPED-SECRET" not in page
    assert world.look(world.services.callback_intake.bindings.read).callback_token == TOKEN


def test_only_the_two_callback_keys_can_be_generated(alice: AdminBrowser) -> None:
    assert alice.post("/dingtalk-app/generated/app_secret").status_code == 404


def test_the_connection_is_checked_with_dingtalk_and_a_refusal_says_what_to_do(
    alice: AdminBrowser,
) -> None:
    assert "DingTalk accepted the app's credentials." in words(
        alice.post("/connection/checks", has_script=True).text
    )
    alice.post("/dingtalk-app", **BOUND, app_secret="wrong", version="1")
    answer = alice.post("/connection/checks", has_script=True)
    assert answer.status_code == 200
    assert "DingTalk API call failed[accessToken], [invalidClientIdOrSecret - code: 400" in words(answer.text)
    assert "Copy both again from DingTalk's developer console" in words(answer.text)
    assert "Then press Check connection again." in words(alice.get().text)


def test_what_to_copy_into_dingtalk_is_on_the_page(world: World, alice: AdminBrowser) -> None:
    page = alice.get().text
    assert f'value="{world.portal_url}/callbacks/dingtalk"' in page
    assert f'value="{world.portal_url}/sign-in/dingtalk/return"' in page
    alice.associate_official()
    code = world.look(lambda: world.services.approval_settings.current().template.process_code)
    page = alice.get().text
    assert f'value="/v1.0/event/bpms_instance_change/processCode/{code}/type/*"' in page
    assert f'value="/v1.0/event/bpms_task_change/processCode/{code}/type/*"' in page


def test_refused_callbacks_are_counted_with_their_reason(world: World, alice: AdminBrowser) -> None:
    query = {"msg_signature": "x", "timestamp": "1", "nonce": "n"}
    for _ in range(2):
        world.app.test_client().post("/callbacks/dingtalk", query_string=query, json={"encrypt": "QUJD"})
    text = words(alice.get(f"{PAGE}/sections/callback_health", has_script=True).text)
    assert "The signature token differs" in text
    assert "The signature did not fit: the token differs 2" in text


def test_events_that_are_refused_since_the_last_good_one_are_not_called_arriving(
    world: World, alice: AdminBrowser
) -> None:
    world.control(
        "POST", "/subscription/save", {**SUBSCRIPTION, "url": f"{world.portal_url}/callbacks/dingtalk"}
    )
    world.control("POST", "/events", {"payload": {"EventType": "org_admin_add", "corpId": CORP_ID}})
    world.work_until(lambda: db.session.query(CallbackEvent).count() == 1)
    assert "Events arrive" in words(alice.get().text)
    world.let_pass(seconds=60)
    world.app.test_client().post(
        "/callbacks/dingtalk",
        query_string={"msg_signature": "x", "timestamp": "1", "nonce": "n"},
        json={"encrypt": "QUJD"},
    )
    text = words(alice.get().text)
    assert "Events arrive" not in text
    assert "The signature token differs" in text
