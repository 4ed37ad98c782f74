"""The Quick BI section: connected, checked, its choices kept, its secret never shown, nobody overwritten."""

from __future__ import annotations

import re
from typing import Any

from tests.portal_world import World
from tests.web.approval_settings.admin_browser import PAGE, AdminBrowser, hidden, words

KEY, SECRET = "LTAIsandboxQuickBI0001", "sandbox-secret-of-quick-bi"


def section(alice: AdminBrowser) -> str:
    return alice.get(f"{PAGE}/sections/quickbi", has_script=True).text


def save(alice: AdminBrowser, endpoint: str, *, has_script: bool = True, **typed: Any) -> Any:
    sent = {
        "version": hidden(section(alice), "version"),
        "quickbi_endpoint": endpoint,
        "quickbi_key_id": KEY,
        "quickbi_secret": SECRET,
        "edit_on_private": "refuse",
        "portal_call": "share",
        "retrieval_call": "authorization",
        "when_not_settled": "refuse",
        **typed,
    }
    return alice.post("/quickbi", has_script=has_script, **sent)


def test_an_admin_connects_quick_bi_and_sees_that_it_works(world: World, alice: AdminBrowser) -> None:
    assert "Not connected" in words(section(alice))
    saved = save(alice, world.sandbox.url, portal_call="menus", use_points="1")
    assert saved.status_code == 200
    assert SECRET not in saved.text
    checked = alice.post("/quickbi/checks", has_script=True).text
    assert "Quick BI accepted the access key." in words(checked)
    assert re.search(r'<input[^>]*checked[^>]*value="menus"', checked)
    assert SECRET not in section(alice)


def test_the_secret_stays_when_it_is_left_empty(world: World, alice: AdminBrowser) -> None:
    save(alice, world.sandbox.url)
    assert save(alice, world.sandbox.url, quickbi_secret="").status_code == 200
    assert "accepted" in words(alice.post("/quickbi/checks", has_script=True).text)


def test_why_it_does_not_work_is_said_with_the_remedy(world: World, alice: AdminBrowser) -> None:
    save(alice, world.sandbox.url, quickbi_secret="another-secret")
    answer = alice.post("/quickbi/checks", has_script=True).text
    assert "Quick BI does not accept the access key" in words(answer)
    assert "Quick BI API call failed[QueryOrganizationWorkspaceList]" in words(answer)
    assert "another-secret" not in answer
    assert alice.post("/quickbi/checks").status_code == 303


REFUSED: tuple[tuple[dict[str, str], str], ...] = (
    ({"quickbi_endpoint": "http://quickbi.example.com"}, "Enter an https address"),
    ({"quickbi_endpoint": "https://quickbi.example.com/path"}, "Enter an https address"),
    ({"quickbi_endpoint": "https://user:pass@quickbi.example.com"}, "Enter an https address"),
    ({"quickbi_endpoint": "https://[nonsense"}, "Enter an https address"),
    ({"quickbi_key_id": "short"}, "Enter the AccessKey ID"),
    ({"quickbi_secret": ""}, "Enter the secret"),
    ({"use_points": "many"}, "Enter a whole number from 1 to 10000"),
    ({"use_points": "0"}, "Enter a whole number from 1 to 10000"),
    ({"portal_call": "both"}, "Choose one of the offered answers."),
)


def test_what_cannot_be_is_refused_beside_its_field(world: World, alice: AdminBrowser) -> None:
    for typed, said in REFUSED:
        given = {"quickbi_endpoint": world.sandbox.url, **typed}
        answer = save(alice, given.pop("quickbi_endpoint"), **given)
        assert (answer.status_code, said in words(answer.text)) == (422, True), typed
        assert SECRET not in answer.text


def test_two_admins_do_not_overwrite_each_other(world: World, alice: AdminBrowser) -> None:
    save(alice, world.sandbox.url)
    assert save(alice, world.sandbox.url, version="7").status_code == 409


def test_only_admins_may_touch_it(world: World) -> None:
    assert world.client("bob").post(f"{PAGE}/quickbi", data={}).status_code in (400, 403)
