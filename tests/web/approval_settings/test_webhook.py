"""The Webhook section: set up, tested by a real signed call, its secret changed, its failures told."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from portal.database import transaction
from portal.extensions import db
from portal.grants.grant_target import TargetError
from portal.grants.webhook.signature import key_id, signature
from portal.models import AuditEntry, GrantDelivery, GrantTargetSettings, PersonRole
from portal.services.grants.webhook_store import WebhookStore
from tests.grants.hook import Hook, listening
from tests.portal_world import World
from tests.services.story import audited, person_named
from tests.web.approval_settings.admin_browser import HTMX, PAGE, AdminBrowser, hidden, words


@pytest.fixture
def hook() -> Iterator[Hook]:
    with listening() as made:
        yield made


def section(alice: AdminBrowser, query: str = "") -> str:
    return alice.get(f"{PAGE}/sections/webhook{query}", has_script=True).text


def save(alice: AdminBrowser, address: str, *, has_script: bool = True, **typed: Any) -> Any:
    sent = {"version": hidden(section(alice), "version"), "is_webhook_on": "y", **typed}
    return alice.post("/webhook", has_script=has_script, webhook_address=address, **sent)


def secret_of(page: str) -> str:
    found = re.search(r'id="webhook-secret" value="([^"]+)"', page)
    assert found, words(page)
    return found[1]


def store(world: World) -> WebhookStore:
    return world.services.webhook_settings.store


@pytest.mark.parametrize("has_script", [True, False])
def test_the_secret_is_shown_once_and_then_never_again(
    world: World, alice: AdminBrowser, hook: Hook, has_script: bool
) -> None:
    first = save(alice, hook.address, has_script=has_script)
    assert first.status_code == 200
    secret = secret_of(first.text)
    again = save(alice, hook.address, has_script=has_script)
    page = alice.get(f"{PAGE}?show=webhook").text
    assert secret not in again.text
    assert secret not in page
    assert key_id(secret) in page
    with world.app.app_context():
        row = db.session.get_one(GrantTargetSettings, "webhook")
        assert secret not in (row.secret_sealed or "")
        assert secret not in str([(each.before, each.after) for each in db.session.query(AuditEntry)])
        assert store(world).read().secrets == (secret,)


def test_a_test_is_a_real_signed_call_and_its_answer_is_shown_and_logged(
    world: World, alice: AdminBrowser, hook: Hook
) -> None:
    secret = secret_of(save(alice, hook.address).text)
    hook.status, hook.body = 201, "安 <b>fine</b>".encode()
    answer = alice.post("/webhook/test", has_script=True)
    assert "The Test arrived" in words(answer.text)
    assert "201 安 <b>fine</b>" in words(answer.text)
    (call,) = hook.calls
    assert json.loads(call.body)["event"] == "test"
    expected = signature(secret, timestamp=call.headers["Portal-Timestamp"], body=call.body)
    assert call.headers["Portal-Signature"] == f"{key_id(secret)}={expected}"
    (entry,) = world.look(lambda: audited("webhook.tested"))
    assert entry.after == {"failure": None, "status": 201}
    assert "201 安" in words(section(alice))


def test_a_test_works_before_the_webhook_is_switched_on(
    world: World, alice: AdminBrowser, hook: Hook
) -> None:
    version = hidden(section(alice), "version")
    alice.post("/webhook", has_script=True, webhook_address=hook.address, version=version)
    assert "The Test arrived" in words(alice.post("/webhook/test", has_script=True).text)
    with world.app.app_context(), pytest.raises(TargetError) as caught:
        store(world).read()
    assert caught.value.failure.kind == "webhook_off"


def test_a_refused_test_is_told_with_status_and_beginning_of_the_answer(
    alice: AdminBrowser, hook: Hook
) -> None:
    save(alice, hook.address)
    hook.status, hook.body = 403, b"who are you?"
    answer = alice.post("/webhook/test", has_script=True)
    assert answer.status_code == 200
    assert "The Test failed" in words(answer.text)
    assert "403 who are you?" in words(answer.text)


def test_after_a_change_both_secrets_sign_for_a_day(world: World, alice: AdminBrowser, hook: Hook) -> None:
    earlier = secret_of(save(alice, hook.address).text)
    version = hidden(section(alice), "version")
    newer = secret_of(alice.post("/webhook/secret", has_script=True, version=version).text)
    with world.app.app_context():
        assert store(world).read().secrets == (newer, earlier)
    assert "The earlier secret signs beside it until" in words(section(alice))
    world.let_pass(hours=24)
    with world.app.app_context():
        assert store(world).read().secrets == (newer,)
    (entry,) = world.look(lambda: audited("webhook.secret_renewed"))
    assert entry.after["key"] == key_id(newer)
    assert newer not in str(entry.after)


def test_a_secret_copied_into_another_place_does_not_open(
    world: World, alice: AdminBrowser, hook: Hook
) -> None:
    save(alice, hook.address)
    with world.app.app_context(), transaction() as session:
        row = session.get_one(GrantTargetSettings, "webhook")
        row.earlier_secret_sealed = row.secret_sealed
        row.earlier_secret_until = world.clock.now() + timedelta(hours=1)
    with world.app.app_context(), pytest.raises(TargetError) as caught:
        store(world).read()
    assert caught.value.failure.kind == "webhook_secrets_unreadable"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://hook.example.com/", "begins with https://"),
        ("https://a:b@hook.example.com/", "Leave out user name and password"),
        ("hook", "Enter an address like"),
        ("", "Enter an address like"),
    ],
)
def test_an_address_that_cannot_be_called_is_not_saved(
    world: World, alice: AdminBrowser, address: str, said: str
) -> None:
    answer = save(alice, address)
    assert answer.status_code == 422
    assert said in words(answer.text)
    assert world.look(lambda: db.session.get(GrantTargetSettings, "webhook")) is None


@pytest.mark.parametrize("path", ["/webhook", "/webhook/secret"])
def test_what_another_admin_saved_meanwhile_is_not_overwritten(
    world: World, alice: AdminBrowser, hook: Hook, path: str
) -> None:
    save(alice, hook.address)
    before = world.look(lambda: store(world).read().secrets)
    answer = alice.post(path, has_script=True, version="0", webhook_address="https://other.example.com/")
    assert answer.status_code == 409
    assert "Another admin saved these settings meanwhile" in words(answer.text)
    assert world.look(lambda: store(world).read().secrets) == before


def test_an_auditor_reads_where_it_leads_but_no_key_in_it(
    world: World, alice: AdminBrowser, hook: Hook
) -> None:
    save(alice, hook.address)
    world.client("dora")
    with world.app.app_context(), transaction() as session:
        dora = person_named("dora")
        session.add(PersonRole(person_id=dora.id, role="auditor", given_at=world.clock.now()))
    auditor = world.client("dora")
    page = auditor.get(f"{PAGE}/sections/webhook", headers=HTMX).text
    assert hook.address.partition("/grants")[0] in page
    assert "key=k" not in page
    assert "/grants?" not in page
    assert auditor.post(f"{PAGE}/webhook/test").status_code in (400, 403)
    assert hook.calls == []


def logged(world: World, *, failed: int, at_hours: int = 0) -> None:
    """Write what so many deliveries have left, a good one first."""
    with world.app.app_context(), transaction() as session:
        for number in range(failed + 1):
            session.add(
                GrantDelivery(
                    target="webhook",
                    action="deliver",
                    delivery_id=f"d{number}",
                    began_at=world.clock.now() + timedelta(hours=at_hours + number),
                    took_ms=5,
                    is_done=number == 0,
                    answer={"status": 200, "excerpt": "ok"} if number == 0 else None,
                    failure=None
                    if number == 0
                    else {"kind": "webhook_trouble", "retry": "retryable", "facts": {"status": "500"}},
                )
            )


def test_ten_failures_in_a_row_are_told_with_the_first(world: World, alice: AdminBrowser) -> None:
    logged(world, failed=9)
    assert "The webhook fails" not in words(section(alice))
    logged(world, failed=12)
    said = words(section(alice))
    assert "The webhook fails" in said
    assert "The portal goes on trying" in said
    view = world.look(world.services.webhook_settings.view)
    assert view.failing_since is not None
    assert world.services.webhook_settings.clock.now() < view.failing_since


def test_what_waits_for_a_hand_there_has_not_failed(world: World, alice: AdminBrowser) -> None:
    logged(world, failed=12)
    with world.app.app_context(), transaction() as session:
        session.query(GrantDelivery).order_by(GrantDelivery.id.desc()).first().failure = None  # type: ignore[union-attr]
    assert "The webhook fails" not in words(section(alice))
    assert section(alice, "?calls=failed").count("<tr>") == 11 + 1


def test_the_log_shows_failed_calls_alone_and_goes_back(world: World, alice: AdminBrowser) -> None:
    logged(world, failed=25)
    rows = section(alice, "?calls=failed")
    assert rows.count("<tr>") == 20 + 1
    assert "200 ok" not in words(rows)
    before = re.search(r"before=(\d+)", rows)
    assert before
    older = section(alice, f"?calls=failed&before={before[1]}")
    assert older.count("<tr>") == 5 + 1
    assert "There are none" in words(section(alice, "?calls=failed&before=1"))
    assert section(alice, "?before=x&calls=y").count("<tr>") == 20 + 1
