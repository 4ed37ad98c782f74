"""The doctor's page: line by line with htmx, all at once without, and nothing for anybody but admins."""

from __future__ import annotations

import re

import pytest

from portal.services.doctor.checks import CheckName, ok
from portal.services.doctor.findings import Found
from portal.web.doctor.groups import GROUPS
from portal.web.words.doctor import check_words
from tests.portal_world import World
from tests.services.doctor_faults import deny, grant
from tests.web.approval_settings.admin_browser import PAGE, AdminBrowser, words

DOCTOR = f"{PAGE}/doctor"
RUN = "0123456789abcdef"


def check(name: str, **query: str) -> str:
    more = "".join(f"&{key}={value}" for key, value in query.items())
    return f"{DOCTOR}/checks/{name}?run={RUN}{more}"


def test_the_page_comes_at_once_and_fetches_each_line(world: World, alice: AdminBrowser) -> None:
    before = world.control("GET", "/calls")["metered"]
    page = alice.get(DOCTOR).text
    assert set(re.findall(r'id="check-later-([a-z_]+)"', page)) == set(CheckName)
    assert page.count('hx-trigger="load"') == len(CheckName) + 1
    assert f"at most {world.services.doctor.counted_calls} of the organisation's monthly calls" in words(page)
    assert world.control("GET", "/calls")["metered"] == before


def test_without_script_all_lines_are_there_in_one_page(alice: AdminBrowser) -> None:
    address = re.search(r'<noscript><a href="([^"]+)"', alice.get(DOCTOR).text)
    assert address
    page = alice.get(address[1].replace("&amp;", "&")).text
    assert set(re.findall(r'id="check-([a-z_]+)" ', page)) == set(CheckName)
    assert "check-later" not in page
    assert "Every line from the portal to DingTalk and back is good." in words(page)


def test_every_line_stands_in_one_group() -> None:
    grouped = [name for _, names in GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(CheckName)


@pytest.mark.parametrize("has_script", [True, False])
def test_a_broken_line_has_its_remedy_and_is_green_again_when_looked_at_again(
    world: World, alice: AdminBrowser, has_script: bool
) -> None:
    try:
        deny("Workflow.Form.Write")(world)
        line = alice.get(check("form_write", again="yes"), has_script=True).text
    finally:
        grant("Workflow.Form.Write")(world)
    said = words(line)
    assert "Broken" in said
    assert "Workflow template write permission Workflow.Form.Write" in said
    assert "In DingTalk's developer console open your app, then Permission management" in said
    assert '<a href="http://127.0.0.1:8001/appscope/apply?content=' in line
    pattern = r'hx-get="([^"]+again=yes[^"]*)"' if has_script else r'href="([^"]+again=form_write[^"]*)"'
    again = re.search(pattern, line)
    assert again
    answer = alice.get(again[1].replace("&amp;", "&"), has_script=has_script)
    assert "Workflow.Form.Write is switched on" in words(answer.text)
    assert answer.headers.get("HX-Trigger") == ('{"doctor-looked-again": true}' if has_script else None)


def test_a_line_that_waits_looks_again_when_another_was_mended(world: World, alice: AdminBrowser) -> None:
    try:
        deny("qyapi_get_member")(world)
        alice.get(check("members", again="yes"), has_script=True)
        waiting = alice.get(check("contact_scope", again="yes"), has_script=True).text
    finally:
        grant("qyapi_get_member")(world)
    assert "Waits for: Permission to read people." in words(waiting)
    assert 'hx-trigger="doctor-looked-again from:body"' in waiting
    alice.get(check("members", again="yes"), has_script=True)
    assert "The app sees the whole organisation." in words(
        alice.get(check("contact_scope"), has_script=True).text
    )


def test_the_headline_names_the_broken_lines(world: World, alice: AdminBrowser) -> None:
    address = f"{DOCTOR}/summary?run=fedcba9876543210"
    try:
        deny("Workflow.Instance.Read")(world)
        summary = alice.get(address, has_script=True).text
    finally:
        grant("Workflow.Instance.Read")(world)
    assert "Something is broken 1 line is broken. Permission to read approvals" in words(summary)
    assert '<a href="#check-instance_read">' in summary


@pytest.mark.parametrize("name", ["nothing", "DATABASE", "../page", "%00"])
def test_only_lines_are_served_as_lines(alice: AdminBrowser, name: str) -> None:
    assert alice.get(check(name), has_script=True).status_code == 404


@pytest.mark.parametrize("key", ["", "x", "../../etc/passwd", "<script>", "a" * 500])
def test_a_key_that_was_made_up_is_not_repeated(alice: AdminBrowser, key: str) -> None:
    answer = alice.client.get(
        f"{DOCTOR}/checks/database", query_string={"run": key}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 200
    assert not key or f"run={key}" not in answer.text


@pytest.mark.parametrize("person", ["bob", "dora"])
@pytest.mark.parametrize("address", ["", "?all=yes", "/checks/database", "/summary"])
def test_nobody_but_admins_sees_the_doctor(world: World, person: str, address: str) -> None:
    assert world.client(person).get(DOCTOR + address).status_code == 403


def test_a_visitor_is_sent_to_sign_in(world: World) -> None:
    assert world.client().get(DOCTOR).headers["Location"] == f"/sign-in?next={DOCTOR}"


def test_settings_and_failures_lead_to_the_doctor(world: World, alice: AdminBrowser) -> None:
    assert f'href="{DOCTOR}"' in alice.get(PAGE).text


def test_dingtalks_words_are_shown_as_text(world: World) -> None:
    with world.app.test_request_context():
        said = check_words(CheckName.TEMPLATE, ok(Found.TEMPLATE_WELL, name="<img src=x onerror=1>%(at)s"))
    assert "<img" not in said.sentence
    assert "&lt;img" in said.sentence
