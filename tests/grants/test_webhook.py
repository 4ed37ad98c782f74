"""The webhook over real HTTP: what is sent, what each answer means, and what attackers answer."""

from __future__ import annotations

import functools
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from Crypto.Hash import HMAC, SHA256

from portal.channels.failures import Retry
from portal.clock import SystemClock
from portal.grants.grant_target import (
    Delivered,
    Doing,
    Finding,
    GrantOrder,
    OtherGrant,
    TargetError,
)
from portal.grants.webhook.address import AddressFault, AddressRefused, AddressRules
from portal.grants.webhook.answers import WebhookFailure
from portal.grants.webhook.signature import key_id, signature
from portal.grants.webhook.target import WebhookConnection, WebhookTarget
from tests.conventions.sources import ROOT
from tests.grants.hook import Hook, listening
from tests.services.little_servers import answering, certificate_of_nobody

SECRET, EARLIER = "new-secret-密", "earlier-secret"
HERE = AddressRules(networks=(ip_network("127.0.0.0/8"),))
ORDER = GrantOrder(
    grant_id=12,
    delivery_id="grant-12-deliver",
    request_number="AR-2026-000034",
    person_user_id="bob",
    person_union_id="union-bob",
    person_name="Bob 李波",
    resource_type="dashboard",
    resource_id="sales-overview",
    resource_name="Sales 销售",
    workspace_id="ws-1",
    link="https://bi.example.com/d/1",
    entitlement="view",
    columns=(),
    approved_at=datetime(2026, 11, 23, 10, 10, tzinfo=UTC),
    expires_at=datetime(2026, 11, 30, 10, 10),  # noqa: DTZ001  as SQLite gives it back
    others=(OtherGrant(entitlement="export", columns=("salary",), expires_at=None),),
)


@pytest.fixture
def hook() -> Iterator[Hook]:
    with listening() as made:
        yield made


def target(address: str, *, rules: AddressRules = HERE, seconds: float = 20, **changes: Any) -> WebhookTarget:
    connection = WebhookConnection(**{"address": address, "secrets": (SECRET,), **changes})
    return WebhookTarget(
        read_connection=lambda: connection,
        clock=SystemClock(),
        rules=rules,
        bundle=some_bundle(),
        timeout_seconds=seconds,
    )


@functools.cache
def some_bundle() -> str:
    """Return a bundle of one: the public authorities take long to load for so many targets."""
    return str(certificate_of_nobody(Path(tempfile.mkdtemp())))


def refused(aim: WebhookTarget) -> Any:
    with pytest.raises(TargetError) as caught:
        aim.deliver(ORDER)
    assert SECRET not in repr(caught.value.failure)
    return caught.value.failure


def example() -> dict[str, Any]:
    """Run the verification of docs/webhook.md."""
    text = (ROOT / "docs" / "webhook.md").read_text(encoding="utf-8")
    found: dict[str, Any] = {}
    exec(text.partition("```python\n")[2].partition("```")[0], found)  # noqa: S102  our own page
    return found


def test_a_delivery_says_who_gets_what_until_when(hook: Hook) -> None:
    done = target(hook.address).deliver(ORDER)
    assert (done.doing, done.facts["status"]) == (Doing.DONE, 200)
    (call,) = hook.calls
    assert call.path == "/grants?key=k"
    assert call.headers["Portal-Delivery"] == "grant-12-deliver"
    documented = (ROOT / "docs" / "webhook.md").read_text(encoding="utf-8")
    told, shown = json.loads(call.body), json.loads(documented.partition("```json\n")[2].partition("```")[0])
    assert told["grant"]["expires_at"] == "2026-11-30T10:10:00Z"
    assert told["others"] == [{"level": "export", "columns": ["salary"], "expires_at": None}]
    assert [list(told[each]) for each in ("grant", "person", "resource")] == [
        list(shown[each]) for each in ("grant", "person", "resource")
    ]
    assert list(told) == list(shown)


def test_each_try_of_a_delivery_sends_the_same_bytes_under_the_same_id(hook: Hook) -> None:
    aim = target(hook.address)
    for _ in range(2):
        aim.deliver(ORDER)
    first, second = hook.calls
    assert first.body == second.body
    assert first.headers["Portal-Delivery"] == second.headers["Portal-Delivery"]


def test_the_example_of_the_page_accepts_a_real_delivery_and_nothing_that_was_changed(hook: Hook) -> None:
    target(hook.address).remove(ORDER)
    (call,) = hook.calls
    is_genuine = example()["is_genuine"]
    assert is_genuine(call.headers, call.body, SECRET)
    assert not is_genuine(call.headers, call.body.replace(b"view", b"edit"), SECRET)
    assert not is_genuine(call.headers, call.body, "another secret")
    later = {**call.headers, "Portal-Timestamp": str(int(call.headers["Portal-Timestamp"]) + 1)}
    assert not is_genuine(later, call.body, SECRET)
    older = {**call.headers, "Portal-Timestamp": str(int(time.time()) - 301)}
    assert not is_genuine(older, call.body, SECRET)
    assert not is_genuine({}, call.body, SECRET)


def test_after_a_change_the_earlier_secret_signs_beside_the_new_one(hook: Hook) -> None:
    target(hook.address, secrets=(SECRET, EARLIER)).deliver(ORDER)
    (call,) = hook.calls
    is_genuine = example()["is_genuine"]
    assert is_genuine(call.headers, call.body, SECRET)
    assert is_genuine(call.headers, call.body, EARLIER)
    keys = [each.partition("=")[0] for each in call.headers["Portal-Signature"].split(", ")]
    assert keys == [key_id(SECRET), key_id(EARLIER)]


def test_pycryptodome_makes_the_same_signature() -> None:
    body = '{"event":"test","name":"李波"}'.encode()
    theirs = HMAC.new(SECRET.encode(), b"1795000000." + body, SHA256).hexdigest()
    assert signature(SECRET, timestamp="1795000000", body=body) == theirs


@pytest.mark.parametrize(
    ("status", "body", "doing"),
    [
        (204, b"", Doing.DONE),
        (200, b"not json", Doing.DONE),
        (200, b'["pending"]', Doing.DONE),
        (200, b'{"state": ["done"]}', Doing.DONE),
        (202, b'{"state": "pending"}', Doing.BY_HAND),
        (409, b'{"state": "done"}', Doing.DONE),
    ],
)
def test_what_a_good_answer_means(hook: Hook, status: int, body: bytes, doing: Doing) -> None:
    hook.status, hook.body = status, body
    assert target(hook.address).deliver(ORDER).doing == doing


@pytest.mark.parametrize(
    ("status", "kind", "retry"),
    [
        (400, WebhookFailure.REFUSED, Retry.PERMANENT),
        (401, WebhookFailure.REFUSED, Retry.PERMANENT),
        (409, WebhookFailure.REFUSED, Retry.PERMANENT),
        (410, WebhookFailure.REFUSED, Retry.PERMANENT),
        (301, WebhookFailure.REDIRECTS, Retry.PERMANENT),
        (408, WebhookFailure.BUSY, Retry.RETRYABLE),
        (429, WebhookFailure.BUSY, Retry.RETRYABLE),
        (500, WebhookFailure.TROUBLE, Retry.RETRYABLE),
        (503, WebhookFailure.TROUBLE, Retry.RETRYABLE),
    ],
)
def test_what_a_bad_answer_means(hook: Hook, status: int, kind: WebhookFailure, retry: Retry) -> None:
    hook.status, hook.body = status, b"no \x00 such \xff person"
    failure = refused(target(hook.address))
    assert (failure.kind, failure.retry) == (kind, retry)
    assert failure.facts == {"status": str(status), "excerpt": "no   such � person"}


@pytest.mark.parametrize(
    ("sent", "seconds"),
    [
        *(("30", 30), ("999999", 3600), ("soon", None), ("", None), ("-5", None), ("٣", None)),
        *(("9" * 5000, None), (f"Mon, 01 Jan {'9' * 20} 00:00:00 GMT", None)),
    ],
)
def test_a_pause_that_is_asked_for_is_kept_up_to_an_hour(hook: Hook, sent: str, seconds: int | None) -> None:
    hook.status = 429
    hook.headers = {"Retry-After": sent.encode().decode("latin-1")}
    assert refused(target(hook.address)).wait_seconds == seconds


def test_a_pause_may_be_a_date(hook: Hook) -> None:
    hook.status = 503
    hook.headers = {"Retry-After": format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)}
    waited = refused(target(hook.address)).wait_seconds
    assert waited is not None
    assert 480 <= waited <= 600


def test_a_redirect_to_where_secrets_lie_is_not_followed(hook: Hook) -> None:
    with listening() as other:
        hook.status, hook.headers = 307, {"Location": other.address}
        assert refused(target(hook.address)).kind == WebhookFailure.REDIRECTS
        assert other.calls == []


def test_of_a_huge_answer_only_the_beginning_is_read(hook: Hook) -> None:
    hook.body = b"x" * 50_000_000
    facts = target(hook.address).deliver(ORDER).facts
    assert len(facts["excerpt"]) == 300


def trickle(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(1000):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.05)


def test_an_answer_that_trickles_is_given_up_when_the_time_is_over(hook: Hook) -> None:
    hook.answer = trickle
    failure = refused(target(hook.address, seconds=1))
    assert (failure.kind, failure.retry) == (WebhookFailure.TIMED_OUT, Retry.RETRYABLE)


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1", b"nonsense\r\n\r\n", b"HTTP/1.1 999999 x\r\n\r\n"])
def test_what_is_no_http_is_tried_again(hook: Hook, said: bytes) -> None:
    def babble(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(said)
        handler.close_connection = True

    hook.answer = babble
    failure = refused(target(hook.address))
    assert (failure.kind, failure.retry) == (WebhookFailure.BROKEN, Retry.RETRYABLE)


def test_a_port_where_nobody_listens_is_tried_again() -> None:
    with listening() as gone:
        pass
    failure = refused(target(gone.address))
    assert (failure.kind, failure.retry) == (WebhookFailure.UNREACHABLE, Retry.RETRYABLE)


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    certificate = certificate_of_nobody(tmp_path)
    with answering(certificate=certificate) as address:
        assert refused(target(address)).kind == WebhookFailure.CERTIFICATE
        trusting = replace(target(address), bundle=str(certificate))
        assert trusting.deliver(ORDER).facts["status"] == 200


def test_a_check_is_made_only_where_it_is_answered(hook: Hook) -> None:
    assert target(hook.address).check(ORDER).finding == Finding.CANNOT_TELL
    assert hook.calls == []
    asking = target(hook.address, answers_checks=True)
    for state, finding in (
        ("present", Finding.AS_WANTED),
        ("absent", Finding.MISSING),
        ("done", Finding.CANNOT_TELL),
    ):
        hook.body = json.dumps({"state": state}).encode()
        assert asking.check(ORDER).finding == finding
    assert json.loads(hook.calls[0].body)["event"] == "grant.check"


def test_a_probe_is_signed_and_about_nobody(hook: Hook) -> None:
    aim = target(hook.address)
    done: Delivered = aim.probe(aim.read_connection(), delivery_id="test-1")
    (call,) = hook.calls
    assert json.loads(call.body) == {"version": 1, "event": "test", "delivery_id": "test-1"}
    assert example()["is_genuine"](call.headers, call.body, SECRET)
    assert done.facts["status"] == 200


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        ("http://hook.example.com/", AddressFault.NOT_HTTPS),
        ("http://10.0.0.1/", AddressFault.NOT_HTTPS),
        ("http://127.0.0.1/", AddressFault.NOT_HTTPS),
        ("http://localhost/", AddressFault.NOT_HTTPS),
        ("ftp://hook.example.com/", AddressFault.NOT_AN_ADDRESS),
        ("https://", AddressFault.NOT_AN_ADDRESS),
        ("https://hook.example.com:99999/", AddressFault.NOT_AN_ADDRESS),
        ("https://hook.example.com/\r\nX: y", AddressFault.NOT_AN_ADDRESS),
        ("https://hook.example.com/a b", AddressFault.NOT_AN_ADDRESS),
        ("https://[::1", AddressFault.NOT_AN_ADDRESS),
        ("https://hook.example.com/#x", AddressFault.NOT_AN_ADDRESS),
        ("https://" + "a" * 2000, AddressFault.NOT_AN_ADDRESS),
        ("https://" + "a" * 64 + ".com/", AddressFault.NOT_AN_ADDRESS),
        ("https://me:secret@hook.example.com/", AddressFault.HAS_PASSWORD),
        ("javascript:alert(1)", AddressFault.NOT_AN_ADDRESS),
        ("", AddressFault.NOT_AN_ADDRESS),
    ],
)
def test_an_address_that_cannot_be_a_webhook_is_refused_before_it_is_stored(
    address: str, fault: AddressFault
) -> None:
    with pytest.raises(AddressRefused) as caught:
        AddressRules().read(address)
    assert caught.value.fault == fault


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "localhost",
        "0.0.0.0",  # noqa: S104  nobody listens here
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "224.0.1.1",
        "::1",
        "fd00::1",
        "fe80::1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "::169.254.169.254",
        "::ffff:0:a9fe:a9fe",
        "64:ff9b:1::a9fe:a9fe",
        "fec0::1",
    ],
)
def test_no_spelling_of_an_inner_address_is_called(host: str) -> None:
    with pytest.raises(AddressRefused) as caught:
        AddressRules().resolve(host, 443, seconds=20)
    assert caught.value.fault == AddressFault.PRIVATE


def test_an_inner_address_is_refused_when_the_call_is_made() -> None:
    """A name may have led somewhere else when it was stored."""
    failure = refused(target("https://127.0.0.1:9/", rules=AddressRules()))
    assert (failure.kind, failure.facts) == (WebhookFailure.ADDRESS_REFUSED, {"fault": "private"})


def test_operators_may_allow_a_network_inside() -> None:
    rules = AddressRules(networks=(ip_network("10.20.0.0/16"),))
    assert [str(each) for each in rules.resolve("10.20.0.7", 443, seconds=20)] == ["10.20.0.7"]
    with pytest.raises(AddressRefused):
        rules.resolve("10.21.0.7", 443, seconds=20)
    with pytest.raises(AddressRefused):
        rules.read("http://10.20.0.7/")


def test_a_connection_shows_neither_its_secret_nor_its_address() -> None:
    assert repr(WebhookConnection(address="https://x/?key=k", secrets=(SECRET,))) == "WebhookConnection(...)"
