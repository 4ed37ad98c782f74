"""An app's calls to the sandbox and a test's controls over it, as plain HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

from portal.sandbox import SandboxConfig

TEXT = {
    "componentType": "TextField",
    "props": {"componentId": "TextField-number", "label": "单号", "required": True},
}
LEVEL = {
    "componentType": "DDSelectField",
    "props": {
        "componentId": "DDSelectField-level",
        "label": "Level",
        "required": True,
        "options": [{"key": "option_0", "value": "view"}, {"key": "option_1", "value": "edit"}],
    },
}
REASON = {
    "componentType": "TextareaField",
    "props": {"componentId": "TextareaField-why", "label": "Reason", "required": False, "placeholder": "why"},
}
VALUES = [
    {"name": "单号", "value": "REQ-1"},
    {"name": "Level", "value": "view"},
    {"name": "Reason", "value": "季度报表 😀"},
]
SALES = 100000002


class Caller:
    """Use as a context; ``url`` is where the sandbox runs."""

    def __init__(self, *, url: str, config: SandboxConfig) -> None:
        self.url, self.config = url, config
        self.http = requests.Session()
        self._token = ""

    def __enter__(self) -> Caller:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.http.close()

    @property
    def token(self) -> str:
        if not self._token:
            body = {"appKey": self.config.app_key, "appSecret": self.config.app_secret}
            answer = self.http.post(f"{self.url}/v1.0/oauth2/accessToken", json=body)
            self._token = answer.json()["accessToken"]
        return self._token

    def new(self, method: str, path: str, **given: Any) -> requests.Response:
        headers = {"x-acs-dingtalk-access-token": self.token}
        return self.http.request(method, f"{self.url}/v1.0/{path}", headers=headers, **given)

    def old(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        url, query = f"{self.url}/topapi/{path}", {"access_token": self.token}
        return dict(self.http.post(url, params=query, json=body).json())

    def control(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        headers = {"X-Sandbox-Control": "1"}
        answer = self.http.request(method, f"{self.url}/control/{path}", headers=headers, json=body)
        return dict(answer.json())

    def sign_in(self, userid: str) -> dict[str, Any]:
        """Through the page and the token call, as a portal would."""
        query = {
            "client_id": self.config.app_key,
            "response_type": "code",
            "scope": "openid corpid",
            "prompt": "consent",
            "redirect_uri": "http://127.0.0.1:9/back",
            "state": "s t",
        }
        page = self.http.post(
            f"{self.url}/oauth2/auth", params=query, data={"userid": userid}, allow_redirects=False
        )
        returned = dict(parse_qsl(urlsplit(page.headers["Location"]).query))
        assert returned["state"] == "s t"
        body = {
            "clientId": self.config.app_key,
            "clientSecret": self.config.app_secret,
            "code": returned["authCode"],
            "grantType": "authorization_code",
        }
        return dict(self.http.post(f"{self.url}/v1.0/oauth2/userAccessToken", json=body).json())

    def make_template(self, *, name: str = "Access", components: Any = None) -> str:
        body = {"name": name, "formComponents": components or [TEXT, LEVEL, REASON]}
        answer = self.new("POST", "workflow/forms", json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["result"]["processCode"])

    def forecast(self, code: str, *, userid: str = "bob", department: int = SALES) -> dict[str, Any]:
        body = {
            "processCode": code,
            "deptId": department,
            "userId": userid,
            "formComponentValues": VALUES,
        }
        answer = self.new("POST", "workflow/processes/forecast", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["result"])

    def start_body(self, code: str, *, approver: str = "chen", **more: Any) -> dict[str, Any]:
        body = {
            "originatorUserId": "bob",
            "processCode": code,
            "deptId": SALES,
            "microappAgentId": self.config.agent_id,
            "formComponentValues": VALUES,
            **more,
        }
        keys = [
            rule["workflowActor"]["actorKey"]
            for rule in self.forecast(code)["workflowActivityRules"]
            if rule["isTargetSelect"] and "actorKey" in rule["workflowActor"]
        ]
        if keys and "approvers" not in more and "targetSelectActioners" not in more:
            body["targetSelectActioners"] = [{"actionerKey": keys[0], "actionerUserIds": [approver]}]
        return body

    def start(self, code: str, **more: Any) -> str:
        answer = self.new("POST", "workflow/processInstances", json=self.start_body(code, **more))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["instanceId"])

    def detail(self, instance_id: str) -> dict[str, Any]:
        query = {"processInstanceId": instance_id}
        answer = self.new("GET", "workflow/processInstances", params=query)
        assert answer.json()["success"] == "true", answer.text
        return dict(answer.json()["result"])

    def act(self, instance_id: str, *, person: str, action: str, **more: Any) -> dict[str, Any]:
        body = {"person": person, "action": action, **more}
        return self.control("POST", f"instances/{instance_id}/actions", body)


def until(condition: Callable[[], Any], *, seconds: float = 40.0) -> Any:
    """Wait for a truthy answer; fails when there is none in time."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")
