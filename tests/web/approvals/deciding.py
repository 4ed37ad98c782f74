"""What a browser sends when somebody decides, with htmx or without."""

from __future__ import annotations

from collections.abc import Sequence

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.portal_world import World, csrf_token
from tests.services.decision_story import approval_id
from tests.services.story import ask

PAGE = "/approvals"
HTMX = {"HX-Request": "true"}


def post(client: FlaskClient, path: str, *, has_script: bool = False, **fields: object) -> TestResponse:
    """Send a form with the token of the page; a list is a field sent several times."""
    token = csrf_token(client.get("/approvals").text)
    return client.post(path, data={"csrf_token": token, **fields}, headers=HTMX if has_script else {})


def decide(
    client: FlaskClient, approval: int, verdict: str, *, has_script: bool = False, **fields: object
) -> TestResponse:
    return post(client, f"{PAGE}/{approval}/decision", has_script=has_script, verdict=verdict, **fields)


def decide_selected(
    client: FlaskClient,
    approvals: Sequence[object],
    verdict: str,
    *,
    has_script: bool = False,
    reason: str = "",
) -> TestResponse:
    fields = {"approval": list(approvals), "verdict": verdict, "reason": reason}
    return post(client, f"{PAGE}/decisions", has_script=has_script, **fields)


def asked(world: World, level: str = "view") -> tuple[str, int]:
    """Let Bob ask, and return the number and the id of the approval."""
    number = ask(world, entitlement=level)
    return number, approval_id(world, number)
