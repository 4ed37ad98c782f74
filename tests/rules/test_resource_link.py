"""A pasted address finds its resource, however a browser or a colleague wrote it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.resource_link import MOST_IDS, ids_in, is_link, link_key

STORED = "https://bi.example.com/dashboard/view/pc.htm?pageId=1f2e-99&menuId=7"


@pytest.mark.parametrize(
    "pasted",
    [
        "https://bi.example.com/dashboard/view/pc.htm?menuId=7&pageId=1f2e-99",
        "HTTP://BI.Example.com:80/dashboard/view/pc.htm/?pageId=1f2e-99&menuId=7",
        "https://bi.example.com:443/dashboard/view/pc.htm?pageId=1f2e-99&menuId=7#top",
        "  https://bi.example.com/dashboard/view/pc.htm?utm_source=mail&pageId=1f2e-99&menuId=7&accessTicket=x ",
    ],
)
def test_the_same_address_written_otherwise_has_the_same_key(pasted: str) -> None:
    assert link_key(pasted) == link_key(STORED) != ""


@pytest.mark.parametrize(
    "other",
    [
        "https://bi.example.com/dashboard/view/pc.htm?pageId=1f2e-98&menuId=7",
        "https://bi.example.com:8443/dashboard/view/pc.htm?pageId=1f2e-99&menuId=7",
        "https://bi.example.org/dashboard/view/pc.htm?pageId=1f2e-99&menuId=7",
        "https://bi.example.com/dashboard/view/PC.htm?pageId=1f2e-99&menuId=7",
        "https://bi.example.com/dashboard/view/pc.htm?pageId=1f2e-99&menuId=7#/second",
    ],
)
def test_another_address_has_another_key(other: str) -> None:
    assert link_key(other) != link_key(STORED)


@pytest.mark.parametrize(
    "text",
    ["", "sales", "javascript:alert(1)", "ftp://a/b", "https://", "http://[::1", "http://a:port/", "//a/b"],
)
def test_what_is_no_address_has_no_key(text: str) -> None:
    assert not is_link(text)
    assert link_key(text) == ""


def test_ids_are_found_in_the_query_the_path_and_the_route_of_an_application() -> None:
    assert ids_in(STORED)[0] == "1f2e-99"
    assert "orders" in ids_in("https://bi.example.com/app/#/dataset/orders?x=1")
    assert ids_in("https://bi.example.com/dataset/orders")[0] == "orders"


def test_an_address_made_to_be_slow_gives_few_ids() -> None:
    assert len(ids_in("https://a/?" + "&".join(f"k={n:04}" for n in range(5000)))) == MOST_IDS


@given(st.text())
def test_no_text_at_all_breaks_the_reading_of_an_address(text: str) -> None:
    assert is_link(text) == bool(link_key(text))
    ids_in("https://a/" + text)
    assert link_key("https://a/" + text) == link_key("http://a/" + text) or ":" in text
