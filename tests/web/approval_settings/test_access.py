"""Only organization admins get anywhere near the settings."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from tests.portal_world import World, csrf_token
from tests.web.approval_settings.admin_browser import PAGE, AdminBrowser

AREAS = ("approval_settings.", "trials.", "doctor.", "workspaces.")


def addresses(app: Flask, method: str) -> list[str]:
    return [
        re.sub("<[^>]*>", "1", rule.rule.replace("<name>", "switches"))
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith(AREAS) and method in (rule.methods or set())
    ]


@pytest.mark.parametrize("person", ["bob", "dora"])
def test_somebody_who_is_no_admin_is_refused_everywhere(world: World, person: str) -> None:
    client = world.client(person)
    token = csrf_token(client.get("/requests").text)
    for address in addresses(world.app, "GET"):
        assert client.get(address).status_code == 403, address
    posts = addresses(world.app, "POST")
    assert len(posts) >= 8
    for address in posts:
        assert client.post(address, data={"csrf_token": token}).status_code == 403, address


def test_a_visitor_is_sent_to_sign_in(world: World) -> None:
    answer = world.client().get(PAGE)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in?next=/settings/approval")


def test_a_form_without_its_token_changes_nothing(world: World, alice: AdminBrowser) -> None:
    answer = alice.client.post(f"{PAGE}/switches", data={"is_enabled": "y", "version": "1"})
    assert answer.status_code == 400
    assert not world.look(lambda: world.services.approval_settings.current().is_enabled)


@pytest.mark.parametrize("name", ["page", "../page", "association", "x"])
def test_only_sections_are_served_as_sections(alice: AdminBrowser, name: str) -> None:
    assert alice.get(f"{PAGE}/sections/{name}", has_script=True).status_code == 404


def test_a_section_without_script_leads_to_the_page(alice: AdminBrowser) -> None:
    answer = alice.get(f"{PAGE}/sections/switches")
    assert answer.headers["Location"] == f"{PAGE}#switches"
