"""The Notices section: a switch for each kind, and how the newest notice fared."""

from __future__ import annotations

import pytest

from portal.database import transaction
from portal.models import DingTalkApp
from portal.services.notices.notice_promises import NoticeKind
from tests.portal_world import World
from tests.services.story import ask, audited, follow, set_up
from tests.web.approval_settings.admin_browser import PAGE, AdminBrowser, hidden, words

ALL = {f"notice_{kind}": "y" for kind in NoticeKind}


def section(alice: AdminBrowser) -> str:
    return alice.get(f"{PAGE}/sections/notices", has_script=True).text


def version(alice: AdminBrowser) -> str:
    return hidden(section(alice), "version")


def switched_off(world: World) -> list[str]:
    return list(world.look(world.services.approval_settings.current).notices_off)


def failed_start(world: World) -> str:
    """Let a request fail to start, which its requester is told about."""
    world.control("PUT", "/permissions", {"Workflow.Instance.Write": False})
    number = ask(world)
    follow(world, number, "could_not_start")
    world.work()
    return number


def test_everything_is_told_until_somebody_switches_it_off(alice: AdminBrowser) -> None:
    assert section(alice).count(" checked") == len(NoticeKind)


@pytest.mark.parametrize("has_script", [True, False])
def test_what_is_not_ticked_is_switched_off_and_audited(
    world: World, alice: AdminBrowser, has_script: bool
) -> None:
    ticked = {name: value for name, value in ALL.items() if name != "notice_rejected"}
    answer = alice.post("/notices", has_script=has_script, version=version(alice), **ticked)
    if has_script:
        assert answer.headers["HX-Trigger"] == '{"notices-saved": true}'
        assert "Saved" in words(answer.text)
    else:
        assert (answer.status_code, answer.headers["Location"]) == (303, f"{PAGE}?show=notices#notices")
    assert switched_off(world) == ["rejected"]
    (entry,) = world.look(lambda: audited("approval_settings.notices_switched"))
    assert (entry.before, entry.after) == ({"notices_off": []}, {"notices_off": ["rejected"]})


def test_a_box_that_is_not_saved_yet_stays_as_it_is_when_the_section_is_drawn_again(
    alice: AdminBrowser,
) -> None:
    drawn = alice.get(f"{PAGE}/sections/notices?is_redrawn=yes&notice_approved=y", has_script=True).text
    assert drawn.count(" checked") == 1


def test_without_an_agent_id_the_section_says_what_to_do(world: World, alice: AdminBrowser) -> None:
    with world.app.app_context(), transaction() as session:
        session.get_one(DingTalkApp, 1).agent_id = None
    said = words(section(alice))
    assert "Nothing is sent: the Agent ID is missing" in said
    assert "developer console" in said


def test_the_newest_notice_is_shown_as_sent(world: World, alice: AdminBrowser) -> None:
    set_up(world)
    number = failed_start(world)
    said = words(section(alice))
    assert "The newest notice was sent" in said
    assert number in said


def test_a_refused_notice_is_shown_with_its_remedy(world: World, alice: AdminBrowser) -> None:
    set_up(world)
    world.control("PUT", "/permissions", {"qyapi_base": False})
    number = failed_start(world)
    said = words(section(alice))
    assert f"about request {number}, did not arrive" in said
    assert "The DingTalk app lacks a permission" in said
    assert "qyapi_base" in said
