"""An administrator lets somebody else decide."""

from __future__ import annotations

from tests.portal_world import World
from tests.services.decision_story import approval_id, pending_for, state
from tests.services.story import ask
from tests.web.approval_settings.admin_browser import words
from tests.web.approvals.deciding import decide, post


def test_an_admin_passes_on_what_waits_and_the_new_approver_decides(ready: World) -> None:
    number = ask(ready)
    approval = approval_id(ready, number)
    address = f"/approvals/{approval}/approver"
    alice = ready.client("alice")
    assert address in alice.get(f"/requests/{number}").text
    found = words(alice.get(f"{address}?q=Dora").text)
    assert "Chen Wei 陈伟 decides at present" in found
    assert "Dora Wu 吴朵" in found
    assert post(alice, address).status_code == 422
    own = post(alice, address, approver="bob", q="Bob")
    assert own.status_code == 422
    assert "nobody approves their own request" in words(own.text)
    assert pending_for(ready, "chen") == [number]
    answer = post(alice, address, approver="dora")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/requests/{number}")
    assert "Dora Wu 吴朵 decides now." in words(alice.get(f"/requests/{number}").text)
    assert (pending_for(ready, "chen"), pending_for(ready, "dora")) == ([], [number])
    assert decide(ready.client("dora"), approval, "approve").status_code == 303
    assert state(ready, number) == "approved"
    assert alice.get(address).status_code == 404


def test_nobody_else_passes_it_on(ready: World) -> None:
    number = ask(ready, entitlement="export")
    address = f"/approvals/{approval_id(ready, number)}/approver"
    for who in ("bob", "chen", "dora"):
        client = ready.client(who)
        assert client.get(address).status_code == 403
        assert post(client, address, approver="dora").status_code == 403
        assert address not in client.get(f"/requests/{number}").text
    assert pending_for(ready, "chen") == [number]
