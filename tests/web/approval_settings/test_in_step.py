"""The section that says whether the portal is in step with DingTalk, and what to do when it is not."""

from __future__ import annotations

import re

import pytest

from portal.extensions import db
from portal.models import CallbackEvent
from portal.models.callback_event import EventState
from tests.portal_world import World
from tests.services.story import approval_of, ask, audited, fault, set_up, started, state_of
from tests.services.story_of_chores import drain, metered, set_quota
from tests.web.approval_settings.admin_browser import PAGE, AdminBrowser, hidden, words

SECTION = f"{PAGE}/sections/in_step"


def line(page: str, name: str) -> str:
    """Return what one line says."""
    found = re.search(rf'id="step-{name}">(.*?)</dd>', page, re.DOTALL)
    assert found, f"there is no line {name}"
    return words(found[1])


def section(alice: AdminBrowser) -> str:
    return alice.get(SECTION, has_script=True).text


def test_all_is_well(world: World, alice: AdminBrowser) -> None:
    set_up(world)
    number, _ = started(world)
    world.work_until(lambda: approval_of(number).heard_at is not None)
    with world.app.app_context():
        world.services.health.beat("one")
    drain(world)
    page = section(alice)
    assert "In step with DingTalk In step" in words(page).replace("Check again ", "")
    assert "It is at work" in line(page, "worker")
    assert line(page, "last_event").endswith("by callback.")
    assert f"{metered(world) + 1} of 5,000 (0%)" in line(page, "calls")
    assert f'max="5000" high="3500.0" optimum="0" value="{metered(world) + 1}"' in page
    assert line(page, "failed_pushes").startswith("List of failed pushes Good Last read:")
    assert "None: every event could be sorted." in line(page, "parked")
    assert "1 runs in DingTalk." in line(page, "open")
    assert "Attention" not in words(page)
    assert "Problem" not in words(page)


def test_without_a_worker_or_news_it_says_what_to_do(world: World, alice: AdminBrowser) -> None:
    set_up(world)
    fault(world, "lost_event", "*", count=20)
    started(world)
    world.let_pass(minutes=11)
    page = section(alice)
    assert "Out of step" in words(page)
    assert "Let your operators start “portal worker”" in line(page, "worker")
    assert "Nothing yet. Nothing was heard since the last approval was started:" in line(page, "last_event")
    assert "1 approval was started of which no event came." in line(page, "starts")


def test_parked_events_are_counted_with_the_way_to_them(world: World, alice: AdminBrowser) -> None:
    set_up(world)
    number, _ = started(world)
    world.work_until(lambda: approval_of(number).heard_at is not None)
    with world.app.app_context():
        event = db.session.query(CallbackEvent).first()
        event.state, event.reason = EventState.PARKED, "unknown_instance"
        db.session.commit()
    page = section(alice)
    assert "1 event could not be sorted." in line(page, "parked")
    assert f'href="{PAGE}/events"' in page
    assert alice.get(f"{PAGE}/events").status_code == 200


def test_a_list_that_may_not_be_read_says_which_permission_is_missing(
    world: World, alice: AdminBrowser
) -> None:
    set_up(world)
    world.control("PUT", "/permissions", {"qyapi_base": False})
    drain(world)
    page = section(alice)
    assert "It could not be read since" in line(page, "failed_pushes")
    assert "Basic API permission qyapi_base" in words(page)
    assert "/appscope/apply" in page


def test_past_seventy_percent_it_says_that_it_no_longer_looks_by_itself(
    world: World, alice: AdminBrowser
) -> None:
    set_up(world)
    set_quota(world, metered(world) * 100 // 71)
    assert "From 70% on the portal no longer looks by itself" in line(section(alice), "calls")


@pytest.mark.parametrize("has_script", [True, False])
def test_used_up_calls_are_told_with_the_remedy_and_tried_again_on_demand(
    world: World, alice: AdminBrowser, has_script: bool
) -> None:
    set_up(world)
    number = ask(world)
    world.control("PUT", "/settings", {"monthly_quota": 1})
    world.work()
    page = section(alice)
    assert "DingTalk says that the organisation's calls are used up" in line(page, "calls")
    assert "can buy more calls" in line(page, "calls")
    assert 'id="sync-all"' not in page

    world.control("PUT", "/settings", {"monthly_quota": 0})
    answer = alice.post("/quota/probe", has_script=has_script)
    assert answer.status_code == (200 if has_script else 303)
    world.work_until(lambda: state_of(number) == "pending")
    assert "used up" not in line(section(alice), "calls")


@pytest.mark.parametrize("has_script", [True, False])
def test_all_open_approvals_are_synced_after_the_cost_was_told(
    world: World, alice: AdminBrowser, has_script: bool
) -> None:
    set_up(world)
    fault(world, "lost_event", "*", count=20)
    number, instance_id = started(world)
    world.act(instance_id, "chen", "agree")
    assert "Asks DingTalk about 1 approval, one call" in words(section(alice))
    answer = alice.post("/sync", has_script=has_script)
    assert answer.status_code == (200 if has_script else 303)
    shown = answer.text if has_script else alice.get(PAGE).text
    assert "DingTalk is being asked about 1 approval." in words(shown)
    world.work()
    assert world.look(lambda: state_of(number)) == "approved"
    assert world.look(lambda: [each.actor_name for each in audited("approvals.synced")]) == [
        "Alice Zhang 张爱丽"
    ]


@pytest.mark.parametrize("has_script", [True, False])
def test_the_quota_is_saved_and_audited(world: World, alice: AdminBrowser, has_script: bool) -> None:
    version = hidden(section(alice), "version")
    answer = alice.post("/quota", has_script=has_script, monthly_call_quota="20,000", version=version)
    assert answer.status_code == (200 if has_script else 303)
    assert "of 20,000" in line(section(alice), "calls")
    assert world.look(lambda: len(audited("approval_settings.quota_set"))) == 1


@pytest.mark.parametrize("typed", ["", "0", "many", "-5", "99999999999", "1.5"])
def test_a_quota_that_is_none_stays_in_the_field_with_its_error(
    world: World, alice: AdminBrowser, typed: str
) -> None:
    answer = alice.post("/quota", has_script=True, monthly_call_quota=typed, version="1")
    assert answer.status_code == 422
    assert "Enter a whole number from 1 to 10,000,000." in words(answer.text)
    assert f'value="{typed}"' in answer.text


def test_two_admins_one_is_told_and_loses_nothing_typed(world: World, alice: AdminBrowser) -> None:
    version = hidden(section(alice), "version")
    alice.post("/quota", monthly_call_quota="6000", version=version)
    answer = alice.post("/quota", has_script=True, monthly_call_quota="7000", version=version)
    assert answer.status_code == 409
    assert "Another admin saved these settings meanwhile" in words(answer.text)
    assert 'value="7000"' in answer.text
    again = alice.post(
        "/quota", has_script=True, monthly_call_quota="7000", version=hidden(answer.text, "version")
    )
    assert "of 7,000" in line(again.text, "calls")


@pytest.mark.parametrize("path", ["/quota", "/quota/probe", "/sync"])
def test_only_admins_change_anything_here(world: World, path: str) -> None:
    bob = world.client("bob")
    page = bob.get("/requests/new").text
    token = re.search(r'name="csrf-token" content="([^"]+)"|name="csrf_token"[^>]*value="([^"]+)"', page)
    sent = {"csrf_token": next(filter(None, token.groups()))} if token else {}
    assert bob.post(f"{PAGE}{path}", data=sent).status_code in (400, 403)


@pytest.mark.parametrize(("name", "shown"), [("in_step", "step-worker"), ("notices", "notice_approved")])
def test_the_page_fetches_a_section_later_and_shows_it_at_once_where_it_is_asked_for(
    world: World, alice: AdminBrowser, name: str, shown: str
) -> None:
    set_up(world)
    page = alice.get(PAGE).text
    assert f'id="{shown}"' not in page
    address = re.search(rf'href="([^"]+show={name}[^"]*)"', page)
    assert address is not None
    assert f'id="{shown}"' in alice.get(address[1].partition("#")[0]).text
