"""An admin in front of the settings, with a browser that runs htmx or one without JavaScript."""

from __future__ import annotations

import html
import re
from typing import Any

import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.rules.official_form import OFFICIAL_FIELDS
from tests.portal_world import APP_KEY, APP_SECRET, World, csrf_token

PAGE = "/settings/approval"
HTMX = {"HX-Request": "true"}


class AdminBrowser:
    """Sends forms as a page would: with its token, and the versions that it shows."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self._token = csrf_token(self.get(PAGE).text)

    def get(self, address: str = PAGE, *, has_script: bool = False) -> TestResponse:
        return self.client.get(address, headers=HTMX if has_script else {})

    def post(
        self, path: str, *, has_script: bool = False, current_url: str = "", **typed: Any
    ) -> TestResponse:
        headers = {**HTMX, **({"HX-Current-URL": current_url} if current_url else {})} if has_script else {}
        return self.client.post(f"{PAGE}{path}", data={"csrf_token": self._token, **typed}, headers=headers)

    def generate(self, *, has_script: bool = False, **typed: Any) -> TestResponse:
        form = {"name": "Quick BI Permission Request", "language": "en", **typed}
        return self.post("/template/generation", has_script=has_script, **form)

    def associate_official(self) -> None:
        dialog = self.generate(has_script=True).text
        answer = self.post(
            "/template/association",
            has_script=True,
            template_id=hidden(dialog, "template_id"),
            version=hidden(dialog, "version"),
        )
        assert answer.headers["HX-Trigger"] == '{"template-associated": true}', answer.text


def hidden(page: str, name: str) -> str:
    """Return the value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, f"the page has no {name}"
    return found[1]


def words(page: str) -> str:
    """Return what a person reads, in one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def make_template(world: World, *, name: str, labels: list[str], required: str = "") -> str:
    """Let somebody make a template in DingTalk by hand; ``required`` adds a field that needs a choice."""
    url = world.sandbox.url
    secret = {"appKey": APP_KEY, "appSecret": APP_SECRET}
    token = requests.post(f"{url}/v1.0/oauth2/accessToken", json=secret, timeout=60).json()["accessToken"]
    components = [_component("TextField", label, position) for position, label in enumerate(labels)]
    if required:
        choice = _component("DDSelectField", required, len(labels))
        choice["props"]["options"] = [{"key": "option_0", "value": "a"}, {"key": "option_1", "value": "b"}]
        components.append(choice)
    answer = requests.post(
        f"{url}/v1.0/workflow/forms",
        json={"name": name, "formComponents": components},
        headers={"x-acs-dingtalk-access-token": token},
        timeout=60,
    )
    return str(answer.json()["result"]["processCode"])


def our_labels() -> list[str]:
    return [field.labels["en"] for field in OFFICIAL_FIELDS]


def _component(kind: str, label: str, position: int) -> dict[str, Any]:
    props = {"componentId": f"{kind}-{position}", "label": label, "required": True}
    return {"componentType": kind, "props": props}
