"""Enable Approval Flow and DingTalk Channel Approval."""

from __future__ import annotations

import pytest

from portal.extensions import db
from portal.models import AuditEntry
from tests.portal_world import World
from tests.web.approval_settings.admin_browser import PAGE, AdminBrowser, hidden, words


def switched(world: World) -> tuple[bool, bool]:
    current = world.look(world.services.approval_settings.current)
    return current.is_enabled, current.is_dingtalk_channel_on


@pytest.mark.parametrize("has_script", [True, False])
def test_saving_stores_both_boxes_and_an_audit_entry(
    world: World, alice: AdminBrowser, has_script: bool
) -> None:
    answer = alice.post("/switches", has_script=has_script, is_enabled="y", version="1")
    if has_script:
        assert answer.headers["HX-Trigger"] == '{"switches-saved": true}'
        assert answer.text.lstrip().startswith('<section id="switches"')
        assert "Saved" in words(answer.text)
    else:
        assert (answer.status_code, answer.headers["Location"]) == (303, f"{PAGE}#switches")
    assert switched(world) == (True, False)
    entry = world.look(
        lambda: db.session.query(AuditEntry).filter_by(action="approval_settings.switched").one()
    )
    assert (entry.actor_name, entry.after["is_enabled"]) == ("Alice Zhang 张爱丽", True)


def test_preferring_the_portal_switches_its_channel_on_and_unticking_the_channel_ends_it(
    world: World, alice: AdminBrowser
) -> None:
    def here() -> tuple[bool, bool]:
        current = world.look(world.services.approval_settings.current)
        return current.is_in_platform_channel_on, current.prefers_in_platform

    page = alice.post("/switches", has_script=True, prefers_in_platform="y", version="1").text
    assert here() == (True, True)
    assert "New requests are decided in the portal for now" in words(page)
    alice.post("/switches", prefers_in_platform="y", version=hidden(page, "version"))
    assert here() == (False, False)


def test_a_save_over_another_admins_is_refused_in_place_and_can_be_repeated(
    world: World, alice: AdminBrowser
) -> None:
    alice.post("/switches", is_enabled="y", version="1")
    answer = alice.post("/switches", has_script=True, version="1")
    assert answer.status_code == 409
    assert "Another admin saved these settings meanwhile" in words(answer.text)
    assert switched(world) == (True, False)
    assert 'name="is_enabled" type="checkbox" value="y">' in answer.text  # still as the second admin wanted
    again = alice.post("/switches", has_script=True, version=hidden(answer.text, "version"))
    assert again.status_code == 200
    assert switched(world) == (False, False)


def test_a_box_that_is_ticked_but_not_saved_stays_ticked_when_its_section_is_drawn_again(
    alice: AdminBrowser,
) -> None:
    ticked = alice.get(f"{PAGE}/sections/switches?is_enabled=y", has_script=True).text
    assert "checked" in ticked[: ticked.index("is_dingtalk_channel_on")]


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 30, "１"])
def test_a_version_that_was_tampered_with_is_answered_422(alice: AdminBrowser, version: str) -> None:
    answer = alice.post("/switches", is_enabled="y", version=version)
    assert answer.status_code == 422
    assert "This page is out of date. Load it again." in words(answer.text)


def test_requests_are_decided_in_the_portal_where_that_is_switched_on(
    world: World, alice: AdminBrowser
) -> None:
    alice.post("/switches", is_enabled="y", is_in_platform_channel_on="y", version="1")
    current = world.look(world.services.approval_settings.current)
    assert (current.is_in_platform_channel_on, current.prefers_in_platform) == (True, False)
    page = words(alice.get().text)
    assert "Requests are decided in the portal, under My approvals. DingTalk is not needed for that." in page
    assert "New requests are decided in the portal for now" not in page


@pytest.mark.parametrize("has_script", [True, False])
def test_an_admin_prefers_the_portal_for_now_and_goes_back(
    world: World, alice: AdminBrowser, has_script: bool
) -> None:
    every_box = dict.fromkeys(("is_enabled", "is_dingtalk_channel_on"), "y")
    alice.post("/switches", version="1", **every_box)
    for is_preferred in ("y", ""):
        version = world.look(world.services.approval_settings.current).version
        answer = alice.post(
            "/portal-preference", has_script=has_script, is_preferred=is_preferred, version=str(version)
        )
        assert answer.status_code == (200 if has_script else 303)
        told = words(alice.get().text)
        assert ("New requests are decided in the portal for now" in told) == bool(is_preferred)
        stale = alice.post("/portal-preference", has_script=has_script, is_preferred="y", version="1")
        assert stale.status_code == 409
    current = world.look(world.services.approval_settings.current)
    assert (current.is_dingtalk_channel_on, current.prefers_in_platform) == (True, False)
