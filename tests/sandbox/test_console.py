"""The console without JavaScript: plain forms with a CSRF token, answered by 303 or said what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
import requests
from pytest_httpserver import HTTPServer

from portal.sandbox import SandboxConfig
from portal.sandbox.approval.fields_by_hand import FIELD_TYPES

from .caller import Caller
from .receiver import AES_KEY, TOKEN, Receiver


class Visitor:
    """A browser without scripts: keeps cookies and sends the token of the page it looks at."""

    def __init__(self, url: str) -> None:
        self.url, self.http = url, requests.Session()
        self.http.headers["Accept-Language"] = "en"

    def see(self, path: str) -> str:
        self.page = self.http.get(f"{self.url}{path}")
        assert self.page.status_code == 200, self.page.text
        return unescape(self.page.text)

    def send(self, path: str, **fields: Any) -> requests.Response:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.page.text)
        assert found
        given = {"csrf_token": found.group(1), **fields}
        return self.http.post(f"{self.url}{path}", data=given, allow_redirects=False)


@pytest.fixture
def visitor(caller: Caller) -> Iterator[Visitor]:
    visitor = Visitor(caller.url)
    yield visitor
    visitor.http.close()


@pytest.fixture
def code(caller: Caller) -> str:
    return caller.make_template()


def act_as(visitor: Visitor, userid: str) -> None:
    visitor.see("/oa")
    assert visitor.send("/acting", userid=userid, next="/oa").status_code == 303


def test_an_approver_finds_the_request_in_the_inbox_and_agrees(
    caller: Caller, visitor: Visitor, code: str
) -> None:
    instance = caller.start(code)
    act_as(visitor, "chen")
    assert f"/oa/instances/{instance}" in visitor.see("/oa")
    page = visitor.see(f"/oa/instances/{instance}")
    assert "季度报表 😀" in page
    answer = visitor.send(f"/oa/instances/{instance}/actions", action="agree", remark="好")
    assert answer.status_code == 303
    assert caller.detail(instance)["operationRecords"][-1]["remark"] == "好"
    assert instance not in visitor.see("/oa")
    assert instance in visitor.see("/oa?box=done")


def test_without_the_token_nothing_is_done(caller: Caller, visitor: Visitor, code: str) -> None:
    instance = caller.start(code)
    act_as(visitor, "chen")
    answer = visitor.http.post(f"{caller.url}/oa/instances/{instance}/actions", data={"action": "agree"})
    assert answer.status_code == 400
    assert "too old" in answer.text
    assert caller.detail(instance)["status"] == "RUNNING"


def test_what_is_refused_is_said_and_the_remark_kept(caller: Caller, visitor: Visitor, code: str) -> None:
    instance = caller.start(code)
    act_as(visitor, "dora")
    page = visitor.see(f"/oa/instances/{instance}")
    assert ">Agree</button>" not in page
    answer = visitor.send(f"/oa/instances/{instance}/actions", action="agree", remark="<b>mine</b>")
    assert answer.status_code == 409
    assert "nothing here for this person to decide" in answer.text
    assert "&lt;b&gt;mine&lt;/b&gt;" in answer.text


def test_the_requester_withdraws_and_an_administrator_ends(
    caller: Caller, visitor: Visitor, code: str
) -> None:
    own, ended = caller.start(code), caller.start(code)
    for userid, instance in (("bob", own), ("alice", ended)):
        act_as(visitor, userid)
        visitor.see(f"/oa/instances/{instance}")
        visitor.send(f"/oa/instances/{instance}/actions", action="withdraw")
        assert caller.detail(instance)["status"] == "TERMINATED"
        assert caller.detail(instance)["operationRecords"][-1]["userId"] == userid


def test_links_of_events_and_portals_open_the_instance(caller: Caller, visitor: Visitor, code: str) -> None:
    instance = caller.start(code)
    for link in (
        f"/dingtalk/mobile/homepage.htm?corpid=x&procInstId={instance}&taskId=",
        f"/approval/detail?corpId=x&instanceId={instance}&from=y",
        f"/applink/approval/detail?corpId=x&instanceId={instance}&from=y",
    ):
        assert "Bob Li 李博提交的Access" in visitor.see(link)
    assert "Flow Design" in visitor.see(f"/dingtalk/web/query/oaDesigner?processCode={code}")


def test_the_flow_is_designed_in_a_plain_form(caller: Caller, visitor: Visitor, code: str) -> None:
    path = f"/console/templates/{code}"

    def live() -> list[dict[str, Any]]:
        return list(caller.control("GET", "templates")["templates"][0]["nodes"])

    visitor.see(path)
    before = live()
    first = {"node-0-rule": "direct_supervisor", "node-0-name": "主管", "node-0-mode": "all"}
    assert visitor.send(f"{path}/flow", add="yes", **first).status_code == 303
    assert live() == before
    page = visitor.see(path)
    assert "Saved, not published" in page
    assert "Node 2" in page
    empty = visitor.send(f"{path}/flow", publish="yes", **{"node-0-rule": "specified_members"})
    assert empty.status_code == 422
    assert "Tick at least one person" in empty.text
    members = {"node-0-rule": "specified_members", "node-0-people": ["kate", "dora"]}
    assert visitor.send(f"{path}/flow", publish="yes", **members).status_code == 303
    assert live()[0]["people"] == ["kate", "dora"]
    assert "Saved, not published" not in visitor.see(path)
    assert visitor.send(f"{path}/flow", remove="0", **members).status_code == 303
    assert "Node 1" not in visitor.see(path)
    assert visitor.send(f"{path}/flow", publish="yes").status_code == 303
    assert live() == []


def test_the_designer_keeps_every_detail_of_a_node(caller: Caller, visitor: Visitor, code: str) -> None:
    path = f"/console/templates/{code}"
    visitor.see(path)
    given = {
        "rule": "role",
        "name": "Finance",
        "actor": "handler",
        "mode": "any",
        "roles": ["200649095"],
        "level": "2",
        "when-field": "DDSelectField-level",
        "when-values": "edit， view",
        "if-nobody": "admin",
    }
    fields = {f"node-0-{name}": value for name, value in given.items()}
    assert visitor.send(f"{path}/flow", publish="yes", **fields).status_code == 303
    node = caller.control("GET", "templates")["templates"][0]["nodes"][0]
    assert (node["rule"], node["actor"], node["roles"], node["level"]) == ("role", "handler", [200649095], 2)
    assert node["when"] == {"DDSelectField-level": ["edit", "view"]}
    assert (node["if_nobody"], node["decision"]) == ("admin", "manual")
    assert 'value="edit, view"' in visitor.see(path)
    missing = visitor.send(f"{path}/flow", **{"node-0-rule": "role"})
    assert (missing.status_code, "Tick at least one role" in missing.text) == (422, True)


def test_the_form_is_edited_by_hand(caller: Caller, visitor: Visitor, code: str) -> None:
    path = f"/console/templates/{code}/form"
    assert "TextareaField-why" in visitor.see(path)
    rows = {
        "field-0-id": "TextField-number",
        "field-0-kind": "TextField",
        "field-0-label": "Number",
        "field-0-required": "on",
        "field-2-kind": "DDSelectField",
        "field-2-label": "Colour",
    }
    more = visitor.send(path, add="yes", name="Access", **rows)
    assert (more.status_code, 'name="field-2-label"' in more.text) == (200, True)
    assert caller.control("GET", "templates")["templates"][0]["labels"] == ["单号", "Level", "Reason"]
    bare = visitor.send(path, publish="yes", name="Access", **rows)
    assert (bare.status_code, "a choice needs options" in bare.text) == (422, True)
    rows["field-2-options"] = "red, blue"
    assert visitor.send(path, publish="yes", name="Other", **rows).status_code == 303
    template = caller.control("GET", "templates")["templates"][0]
    assert (template["name"], template["labels"]) == ("Other", ["Number", "Colour"])
    kept, made = template["components"]
    assert kept["props"]["componentId"] == "TextField-number"
    assert [option["value"] for option in made["props"]["options"]] == ["red", "blue"]


def test_every_type_of_field_is_made_by_hand_and_taken_by_the_api(caller: Caller, visitor: Visitor) -> None:
    visitor.see("/console/templates")
    code = str(visitor.send("/console/templates", name="All", fields="One").headers["Location"])
    code = code.rsplit("/", 1)[1]
    path = f"/console/templates/{code}/form"
    rows = {}
    for number, kind in enumerate(FIELD_TYPES):
        rows |= {f"field-{number}-kind": kind, f"field-{number}-label": f"F{number}, G{number}"}
        rows |= {f"field-{number}-options": "a, b"}
    visitor.see(path)
    assert visitor.send(path, publish="yes", name="All", **rows).status_code == 303
    template = caller.control("GET", "templates")["templates"][0]
    body = {"processCode": code, "name": "All", "formComponents": template["components"]}
    assert caller.new("POST", "workflow/forms", json=body).status_code == 200
    assert template["labels"][7] == '["F7", "G7"]'
    assert 'value="F7, G7"' in visitor.see(path)


def test_a_template_is_copied_disabled_and_deleted_from_the_list(
    caller: Caller, visitor: Visitor, code: str
) -> None:
    path = f"/console/templates/{code}/administration"
    visitor.see("/console/templates")
    for deed in ("copy", "copy", "disable"):
        assert visitor.send(path, deed=deed).status_code == 303
    names = {each["name"]: each["status"] for each in caller.control("GET", "templates")["templates"]}
    assert names == {"Access": "INVALID", "Access (1)": "PUBLISHED", "Access (2)": "PUBLISHED"}
    visitor.send(path, deed="delete")
    assert visitor.http.get(f"{caller.url}/console/templates/{code}").status_code == 404
    assert visitor.send(path, deed="enable").status_code == 404


def test_a_template_is_made_and_switched_by_hand(caller: Caller, visitor: Visitor) -> None:
    visitor.see("/console/templates")
    wrong = visitor.send("/console/templates", name="By hand", fields=" ")
    assert (wrong.status_code, "at least one field" in wrong.text) == (422, True)
    made = visitor.send("/console/templates", name="By hand", fields="单号*\nLevel*: view, edit\nReason")
    assert made.status_code == 303
    template = caller.control("GET", "templates")["templates"][0]
    assert template["labels"] == ["单号", "Level", "Reason"]
    settings = f"/console/templates/{template['process_code']}/settings"
    visitor.see(f"/console/templates/{template['process_code']}")
    visitor.send(settings, visibility="listed", visible_to=["alice"], allows_countersigning="on")
    changed = caller.control("GET", "templates")["templates"][0]
    assert (changed["status"], changed["visible_to"]) == ("INVALID", ["alice"])
    assert (changed["requester_may_withdraw"], changed["allows_countersigning"]) == (False, True)


def test_save_on_the_subscription_page_tells_the_verdict(
    caller: Caller, visitor: Visitor, httpserver: HTTPServer, config: SandboxConfig
) -> None:
    receiver = Receiver(server=httpserver, owner_key=config.app_key)
    visitor.see("/console/events")
    fields = {"url": receiver.url, "aes_key": AES_KEY, "token": TOKEN, "events": ["bpms_instance_change"]}
    wrong = visitor.send("/console/events", **{**fields, "token": "othertoken"})
    assert (wrong.status_code, "Not saved" in wrong.text) == (409, True)
    assert caller.control("GET", "state")["subscription"] is None
    refused = visitor.send("/console/events", **{**fields, "aes_key": "short"})
    assert (refused.status_code, "43 letters and digits" in refused.text) == (422, True)
    right = visitor.send("/console/events", **fields)
    assert (right.status_code, "answered success" in right.text) == (200, True)
    assert caller.control("GET", "state")["subscription"]["events"] == ["bpms_instance_change"]


def test_permissions_people_and_faults_are_switched_on_their_pages(caller: Caller, visitor: Visitor) -> None:
    page = visitor.see("/console")
    assert caller.config.app_key in page
    visitor.send("/console/permissions", granted=["Workflow.Form.Read"], permission_text="help_page")
    state = caller.control("GET", "state")
    assert [name for name, granted in state["permissions"].items() if granted] == ["Workflow.Form.Read"]
    visitor.see("/console/people")
    visitor.send("/console/people/chen", active="no")
    visitor.send("/console/people/bob", manager_userid="iris")
    people = {each["userid"]: each for each in caller.control("GET", "people")["people"]}
    assert (people["chen"]["active"], people["bob"]["manager_userid"]) == (False, "iris")
    visitor.see("/console/behaviour")
    switched = {"default_flow": "empty", "owner_key_kind": "nonsense", "has_premium": "on"}
    visitor.send("/console/behaviour/settings", **switched)
    settings = caller.control("GET", "state")["settings"]
    assert (settings["default_flow"], settings["has_premium"]) == ("empty", True)
    assert settings["peer_to_peer_keeps_settings"] is False
    visitor.send("/console/contact-scope", seen=["1", "100000001", "100000002"])
    hidden = caller.control("GET", "state")["settings"]["outside_contact_scope"]
    assert hidden == ["100000003", "100000004"]
    visitor.send("/console/behaviour/faults", fault="lost_event", operation="*", count="3")
    fault = caller.control("GET", "faults")["faults"][0]
    assert (fault["fault"], fault["remaining"]) == ("lost_event", 3)
    visitor.send("/console/behaviour/faults/removal", id=str(fault["id"]))
    assert caller.control("GET", "faults")["faults"] == []


@pytest.mark.parametrize(
    "path",
    ["/", "/oa", "/console/deliveries", "/console/templates", "/control", "/console/behaviour"],
)
def test_every_page_is_under_the_strict_policy_and_knows_its_language(visitor: Visitor, path: str) -> None:
    assert '<html lang="en"' in visitor.see(path)
    policy = visitor.page.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "form-action 'self'" in policy
    assert "portal_session" not in str(visitor.http.cookies)
    assert '<html lang="zh-CN"' in visitor.see(f"{path}?lang=zh")
    assert '<html lang="zh-CN"' in visitor.see(path)


def test_a_missing_page_says_so_and_a_foreign_next_is_not_followed(caller: Caller, visitor: Visitor) -> None:
    missing = visitor.http.get(f"{caller.url}/oa/instances/none")
    assert (missing.status_code, "Nothing here" in missing.text) == (404, True)
    visitor.see("/oa")
    for elsewhere in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        answer = visitor.send("/acting", userid="bob", next=elsewhere)
        assert answer.headers["Location"] == "/oa"


def test_a_foreign_host_name_does_not_reach_the_control_api(caller: Caller) -> None:
    headers = {"X-Sandbox-Control": "1", "Host": "evil.example"}
    assert caller.http.get(f"{caller.url}/control/state", headers=headers).status_code == 403


def test_reset_brings_back_the_first_start(caller: Caller, code: str) -> None:
    caller.start(code)
    caller.control("PATCH", "people/chen", {"active": False})
    caller.control("POST", "reset", {})
    state = caller.control("GET", "state")
    assert (state["counts"]["instances"], state["counts"]["templates"]) == (0, 0)
    people = {each["userid"]: each for each in caller.control("GET", "people")["people"]}
    assert people["chen"]["active"] is True


def test_more_offers_countersigning_only_where_it_is_allowed(
    caller: Caller, visitor: Visitor, code: str
) -> None:
    instance = caller.start(code)
    act_as(visitor, "chen")
    path = f"/oa/instances/{instance}"
    assert "Countersigning is not allowed" in visitor.see(path)
    caller.control("PATCH", f"templates/{code}", {"allows_countersigning": True})
    assert "Countersign: ask first" in visitor.see(path)
    asked = {"to": "iris", "also": ["kate", "dora"], "mode": "one_by_one"}
    assert visitor.send(f"{path}/actions", action="countersign_before", **asked).status_code == 303
    tasks = caller.detail(instance)["tasks"]
    assert [(task["userId"], task["status"]) for task in tasks] == [("chen", "PAUSED"), ("iris", "RUNNING")]


def test_deputies_senders_back_and_administrators_have_their_buttons(
    caller: Caller, visitor: Visitor, code: str
) -> None:
    instance = caller.start(code)
    path = f"/oa/instances/{instance}"
    act_as(visitor, "chen")
    visitor.see(path)
    visitor.send(f"{path}/actions", action="send_back", activity_id="", remark="why?")
    act_as(visitor, "bob")
    assert "Submit again" in visitor.see(path)
    visitor.send(f"{path}/actions", action="resubmit")
    act_as(visitor, "dora")
    assert "Agree in their place" in visitor.see(path)
    visitor.send(f"{path}/actions", action="agree", instead_of="chen")
    page = visitor.see(path)
    for words in ("sent it back to Bob Li", "submitted it again", "agreed in place of Chen Wei"):
        assert words in page
    assert "Delete it" not in page
    act_as(visitor, "alice")
    assert "Delete it" in visitor.see(path)
    gone = visitor.send(f"{path}/actions", action="delete")
    assert gone.headers["Location"] == "/oa"
    assert caller.control("GET", "instances")["instances"] == []
