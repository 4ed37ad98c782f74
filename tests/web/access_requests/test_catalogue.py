"""Choosing a resource: with and without JavaScript, and links that lead nowhere."""

from __future__ import annotations

import pytest

from tests.portal_world import World


@pytest.mark.parametrize("query", ["sales over", "区域", "Chen", "陈伟", "dataset", "Operations"])
def test_a_resource_is_found_by_name_type_workspace_or_owner(ready: World, query: str) -> None:
    page = ready.client("bob").get("/requests/new", query_string={"q": query}).text
    assert "resource_id=" in page
    assert "Executive portal" not in page


@pytest.mark.parametrize("query", ["%", "_", "\\", "<b>zz</b>", "z" * 5000, "\x00zz", "' or 1=1 --"])
def test_odd_queries_find_nothing_and_break_nothing(ready: World, query: str) -> None:
    answer = ready.client("bob").get("/requests/new", query_string={"q": query})
    assert answer.status_code == 200
    assert "Nothing found" in answer.text
    assert "<b>zz" not in answer.text


def test_htmx_gets_the_list_alone_with_what_to_read_out(ready: World) -> None:
    answer = ready.client("bob").get(
        "/requests/new", query_string={"q": "sales over"}, headers={"HX-Request": "true"}
    )
    assert answer.text.lstrip().startswith('<section id="catalogue"')
    assert 'hx-swap-oob="innerHTML:#announcer">1 resource' in answer.text
    assert "HX-Request" in answer.headers["Vary"]


@pytest.mark.parametrize(
    "link",
    [
        {"resource_type": "dashboard", "resource_id": "nope"},
        {"resource_type": "starship", "resource_id": "sales-overview"},
        {"resource_id": "sales-overview"},
        {"resource_type": "dashboard"},
        {"resource_type": "", "resource_id": "\x00"},
        {"resource_type": "dashboard", "resource_id": "9" * 4000},
    ],
)
def test_a_link_to_an_unknown_resource_shows_the_catalogue_and_keeps_the_level(
    ready: World, link: dict[str, str]
) -> None:
    answer = ready.client("bob").get("/requests/new", query_string={**link, "level": "export"})
    assert answer.status_code == 404
    assert "does not know this resource" in answer.text
    assert "resource_id=sales-overview&amp;level=export" in answer.text
