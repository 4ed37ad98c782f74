"""A portal without a public address, in a real browser: choose Stream, connect DingTalk to it, press Test."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewPage
from tests.browser.running_demo import RunningDemo
from tests.browser.steps import ALICE, checklist_line, set_up_approval, sign_in, start_test

pytestmark = [pytest.mark.browser, pytest.mark.slow]
LONG = 90_000


def test_following_the_page_events_arrive_by_stream(demo: RunningDemo, new_page: NewPage) -> None:
    demo.control("DELETE", "/subscription")
    alice, console = new_page(), new_page()
    sign_in(alice, demo, ALICE)
    set_up_approval(alice, demo)

    road = alice.locator("#event-road")
    road.get_by_label("Stream", exact=False).check()
    road.get_by_role("button", name="Use this way").click()
    expect(alice.locator("#stream-listeners")).to_contain_text("Connected since", timeout=LONG)
    expect(alice.locator("#callback-address")).to_have_count(0)

    console.goto(f"{demo.sandbox_url}/console/events")
    expect(console.locator("#connections")).to_contain_text("1 client is connected.")
    console.get_by_role("button", name="已完成接入，验证连接通道").click()
    expect(console.get_by_role("alert")).to_contain_text("a client is connected by Stream")

    start_test(alice, demo)
    expect(checklist_line(alice, "Start event received back")).to_have_class(
        re.compile("checklist-done"), timeout=LONG
    )
    deliveries = demo.control("GET", "/deliveries")["deliveries"]
    assert {attempt["url"] for each in deliveries for attempt in each["attempts"]} == {"stream"}
