"""Notices as cards: within DingTalk's limits whatever people typed, and nothing typed becomes a link or a heading."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.channels.dingtalk.notices import card_of, inside_dingtalk, plain
from portal.channels.notices import Notice

ADDRESS = "https://portal.example/requests/AR-2026-000001"
SIGNS = set(r"\`*_{}[]()#+!|<>~")


def notice(*lines: str, title: str = "Approved: AR-2026-000001", address: str = ADDRESS) -> Notice:
    return Notice(user_id="bob", title=title, lines=lines, button="Open the request", address=address)


@given(
    lines=st.lists(st.text(max_size=700), max_size=5),
    title=st.text(min_size=1, max_size=200),
    button=st.text(min_size=1, max_size=60),
)
def test_every_card_fits_dingtalks_limits(lines: list[str], title: str, button: str) -> None:
    card = card_of(Notice(user_id="bob", title=title, lines=tuple(lines), button=button, address=ADDRESS))
    message = json.dumps(card.message(), ensure_ascii=False).encode("utf-8", "replace")
    assert len(message) <= 2048
    assert len(card.markdown) <= 1000
    assert 1 <= len(card.button) <= 20
    assert len(card.address) <= 500


def test_long_names_are_cut_between_characters() -> None:
    card = card_of(notice("数据门户" * 200, "Your access request was approved."))
    assert card.byte_count <= 2048
    assert "数据门…" in card.markdown
    assert card.markdown.endswith("Your access request was approved.")


@given(st.text(max_size=200))
def test_nothing_that_markdown_reads_is_left_of_what_people_typed(text: str) -> None:
    shown = plain(text)
    assert not SIGNS & set(shown)
    assert "\n" not in shown
    assert "://" not in shown


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("Sales [click](https://evil.example)", "Sales ［click］（https:／／evil.example）"),
        ("x\n# Approved", "x ＃ Approved"),
        ("- item", "－ item"),
        ("1. item", "1． item"),
        ("www.evil.example", "www．evil.example"),
        ("<font color=red>", "＜font color=red＞"),
        ("Sales overview 销售总览: View", "Sales overview 销售总览: View"),
        ("2026-11-22, 3.5 %", "2026-11-22, 3.5 %"),
    ],
)
def test_what_people_typed_looks_the_same_and_does_nothing(typed: str, shown: str) -> None:
    assert plain(typed) == shown


def test_the_button_opens_the_page_inside_dingtalk() -> None:
    link = urlsplit(inside_dingtalk(ADDRESS))
    assert (link.scheme, link.netloc, link.path) == ("dingtalk", "dingtalkclient", "/page/link")
    assert parse_qs(link.query) == {"url": [ADDRESS], "pc_slide": ["true"]}


def test_an_address_too_long_to_be_wrapped_stays_a_web_address() -> None:
    address = f"https://portal.example/{'/'.join('deep' for _ in range(60))}"
    assert card_of(notice("x", address=address)).address == address
