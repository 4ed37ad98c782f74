"""What a browser sends when somebody asks for access."""

from __future__ import annotations

import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.portal_world import csrf_token

SALES = {"resource_type": "dashboard", "resource_id": "sales-overview"}


def open_form(client: FlaskClient, **query: str) -> str:
    """Open the deep link of a resource and return the page."""
    answer = client.get("/requests/new", query_string={**SALES, **query})
    assert answer.status_code == 200, answer.text
    return answer.text


def hidden(page: str, name: str) -> str:
    """Return the value of a hidden field."""
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)
    assert found, f"the page has no field {name}"
    return found[1]


def send(
    client: FlaskClient, *, page: str | None = None, is_htmx: bool = False, **changes: Any
) -> TestResponse:
    """Fill in the form for the sales dashboard, with changes, and send it; a field changed to None is left out."""
    page = page or open_form(client)
    filled = {
        **SALES,
        "csrf_token": csrf_token(page),
        "submission_key": hidden(page, "submission_key"),
        "level": "view",
        "again": "1",
        "validity": "7",
        "until": "",
        "reason": "Quarterly report",
        **changes,
    }
    headers = {"HX-Request": "true"} if is_htmx else {}
    return client.post(
        "/requests",
        data={name: value for name, value in filled.items() if value is not None},
        headers=headers,
    )


def ask(client: FlaskClient, **changes: Any) -> str:
    """Send a request and return its number."""
    answer = send(client, **changes)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"].rsplit("/", 1)[1])


def post(client: FlaskClient, path: str) -> TestResponse:
    """Press a button that leads to ``path``."""
    page = client.get("/requests").text
    return client.post(path, data={"csrf_token": csrf_token(page)})
