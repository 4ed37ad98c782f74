"""Two web processes on one PostgreSQL database are one portal: it does not matter which of them answers."""

from __future__ import annotations

import re
from contextlib import ExitStack
from urllib.parse import parse_qs, urlsplit

import requests

from tests.portal_world import World, csrf_token, free_port
from tests.services.engines import on_postgresql
from tests.services.story import follow, set_up, state_of
from tests.workflows.processes import running, wait

pytestmark = on_postgresql

SETTINGS = "/settings/approval"


class Browser:
    """Keeps cookies like a browser, which does not tell ports of one host apart."""

    def __init__(self) -> None:
        self._session = requests.Session()

    def twin(self) -> Browser:
        """Return another browser with the same cookies."""
        other = Browser()
        other._session.cookies.update(self._session.cookies)
        return other

    def get(self, url: str, **query: str) -> requests.Response:
        return self._session.get(url, params=query, allow_redirects=False, timeout=30)

    def post(self, url: str, **form: str) -> requests.Response:
        return self._session.post(url, data=form, allow_redirects=False, timeout=30)


def test_sessions_forms_settings_and_callbacks_of_one_process_are_good_in_the_other(world: World) -> None:
    set_up(world)
    with ExitStack() as processes:
        first, second = (start_web(world, processes, number) for number in (1, 2))
        world.subscribe(url=f"{second}/callbacks/dingtalk")

        alice, bob = sign_in(world, first, second, "alice"), sign_in(world, second, first, "bob")
        assert alice.get(f"{first}{SETTINGS}").status_code == 200
        assert bob.get(f"{second}/requests").status_code == 200

        page = bob.get(f"{first}/requests/new", resource_type="dashboard", resource_id="sales-overview").text
        filled = {
            "csrf_token": csrf_token(page),
            "submission_key": value_of(page, "submission_key"),
            "resource_type": "dashboard",
            "resource_id": "sales-overview",
            "level": "view",
            "validity": "7",
            "until": "",
            "reason": "Quarterly report",
        }
        sent, sent_twice = bob.post(f"{second}/requests", **filled), bob.post(f"{first}/requests", **filled)
        assert (sent.status_code, sent_twice.status_code) == (303, 303)
        assert sent.headers["Location"] == sent_twice.headers["Location"]
        number = sent.headers["Location"].rpartition("/")[2]

        follow(world, number, "pending")
        world.act(world.control("GET", "/instances")["instances"][0]["instance_id"], "chen", "agree")
        world.work_until(lambda: state_of(number) == "approved", seconds=60)
        assert "Approved" in bob.get(f"{first}/requests/{number}").text

        seen = alice.get(f"{first}{SETTINGS}").text
        switched_off = {
            "csrf_token": csrf_token(seen),
            "version": value_of(seen, "version"),
            "is_enabled": "y",
        }
        assert alice.post(f"{second}{SETTINGS}/switches", **switched_off).status_code == 303
        assert alice.post(f"{first}{SETTINGS}/switches", **switched_off).status_code == 409
        assert not re.search(
            r'name="is_dingtalk_channel_on"[^>]*checked', alice.get(f"{first}{SETTINGS}").text
        )

        stolen = bob.twin()
        token = csrf_token(bob.get(f"{first}/requests").text)
        assert bob.post(f"{first}/sign-in/out", csrf_token=token).status_code == 303
        assert "/sign-in" in stolen.get(f"{second}/requests").headers["Location"]


def start_web(world: World, processes: ExitStack, number: int) -> str:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    processes.enter_context(running(world, "serve", name=f"serve-{number}", PORTAL_PORT=str(port)))
    wait(lambda: is_answering(url))
    return url


def is_answering(url: str) -> bool:
    try:
        return requests.get(f"{url}/health/live", timeout=5).status_code == 200
    except requests.RequestException:
        return False


def sign_in(world: World, leaving: str, returning: str, person: str) -> Browser:
    """Leave for DingTalk from one process and come back to the other."""
    browser = Browser()
    leave = browser.get(f"{leaving}/sign-in/dingtalk")
    state = parse_qs(urlsplit(leave.headers["Location"]).query)["state"][0]
    code = world.control("POST", "/sign-in", {"person": person})["authCode"]
    back = browser.get(f"{returning}/sign-in/dingtalk/return", authCode=code, state=state)
    assert back.status_code == 303, back.text
    return browser


def value_of(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)
    assert found, f"the page has no field {name}"
    return found[1]
