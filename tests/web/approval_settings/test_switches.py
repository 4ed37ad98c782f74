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
