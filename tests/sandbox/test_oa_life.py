"""What else people do to an approval: deputies, chains, several countersigners, sending back, deletion, comments."""

from __future__ import annotations

from typing import Any

import pytest
from alibabacloud_dingtalk.workflow_1_0 import models as workflow

from .caller import Caller
from .receiver import AES_KEY, TOKEN
from .test_official_models import fits


@pytest.fixture
def code(caller: Caller) -> str:
    caller.control("PUT", "settings", {"calls_per_second": 0})
    # Nothing listens there: the events wait to be looked at.
    caller.control("PUT", "subscription", {"url": "http://127.0.0.1:9/", "aes_key": AES_KEY, "token": TOKEN})
    made = caller.make_template()
    caller.control("PATCH", f"templates/{made}", {"allows_countersigning": True})
    return made


def design(caller: Caller, code: str, *nodes: dict[str, Any]) -> None:
    assert "error" not in caller.control("PUT", f"templates/{code}/flow", {"nodes": list(nodes)})


def members(*people: str, **more: Any) -> dict[str, Any]:
    return {"rule": "specified_members", "people": list(people), **more}


def waiting(caller: Caller, instance: str) -> list[str]:
    return [task["userId"] for task in caller.detail(instance)["tasks"] if task["status"] == "RUNNING"]


def kinds(caller: Caller, instance: str) -> list[str]:
    return [record["type"] for record in caller.detail(instance)["operationRecords"]]


def events(caller: Caller, instance: str) -> list[str]:
    found = [each["payload"] for each in caller.control("GET", "deliveries")["deliveries"]]
    mine = [each for each in found if each.get("processInstanceId") == instance]
    return [f"{each['EventType'].split('_')[1]} {each['type']}" for each in mine]


def agree(caller: Caller, instance: str, *people: str) -> None:
    for person in people:
        assert "error" not in caller.act(instance, person=person, action="agree"), person


def test_several_countersigners_before_are_asked_at_once_and_the_asker_again(
    caller: Caller, code: str
) -> None:
    instance = caller.start(code)
    caller.act(instance, person="chen", action="countersign_before", to=["iris", "kate"])
    assert waiting(caller, instance) == ["iris", "kate"]
    agree(caller, instance, "kate")
    assert waiting(caller, instance) == ["iris"]
    agree(caller, instance, "iris")
    assert waiting(caller, instance) == ["chen"]
    agree(caller, instance, "chen")
    assert caller.detail(instance)["result"] == "agree"


@pytest.mark.parametrize("moment", ["before", "after"])
def test_several_countersigners_one_by_one(caller: Caller, code: str, moment: str) -> None:
    instance = caller.start(code)
    asked = {"to": ["iris", "kate"], "mode": "one_by_one"}
    caller.act(instance, person="chen", action=f"countersign_{moment}", **asked)
    assert waiting(caller, instance) == ["iris"]
    agree(caller, instance, "iris")
    assert waiting(caller, instance) == ["kate"]
    agree(caller, instance, "kate")
    if moment == "before":
        assert waiting(caller, instance) == ["chen"]
        agree(caller, instance, "chen")
    assert caller.detail(instance)["result"] == "agree"


def test_a_countersigner_asks_others_in_turn(caller: Caller, code: str) -> None:
    instance = caller.start(code)
    caller.act(instance, person="chen", action="countersign_before", to=["iris", "kate"])
    caller.act(instance, person="iris", action="countersign_before", to="jack")
    agree(caller, instance, "kate")
    assert waiting(caller, instance) == ["jack"], "Iris is paused, so Chen is not asked again yet"
    agree(caller, instance, "jack", "iris", "chen")
    assert caller.detail(instance)["result"] == "agree"


def test_a_countersigner_who_hands_over_leaves_the_rest_in_place(caller: Caller, code: str) -> None:
    instance = caller.start(code)
    asked = {"to": ["iris", "kate"], "mode": "one_by_one"}
    caller.act(instance, person="chen", action="countersign_before", **asked)
    caller.act(instance, person="iris", action="redirect", to="jack")
    agree(caller, instance, "jack", "kate")
    assert waiting(caller, instance) == ["chen"]


def test_a_task_may_be_handed_round_and_back(caller: Caller, code: str) -> None:
    instance = caller.start(code)
    for giver, taker in (("chen", "iris"), ("iris", "jack"), ("jack", "chen")):
        caller.act(instance, person=giver, action="redirect", to=taker)
    detail = caller.detail(instance)
    assert [task["userId"] for task in detail["tasks"]] == ["chen", "iris", "jack", "chen"]
    assert [task["result"] for task in detail["tasks"]] == [*["REDIRECTED"] * 3, "NONE"]
    for old, new in zip(detail["tasks"], detail["tasks"][1:], strict=False):
        assert new["createTime"] == old["finishTime"]
    agree(caller, instance, "chen")
    assert caller.detail(instance)["result"] == "agree"


def test_an_or_sign_cancels_the_others_and_whom_they_asked(caller: Caller, code: str) -> None:
    design(caller, code, members("kate", "dora", mode="any"))
    instance = caller.start(code)
    caller.act(instance, person="dora", action="countersign_before", to="iris")
    agree(caller, instance, "kate")
    detail = caller.detail(instance)
    assert detail["result"] == "agree"
    assert [task["status"] for task in detail["tasks"]] == ["COMPLETED", "CANCELED", "CANCELED"]
    assert events(caller, instance).count("task cancel") == 2


def test_a_deputy_decides_in_place_of_somebody(caller: Caller, code: str) -> None:
    instance = caller.start(code)
    assert caller.act(instance, person="dora", action="agree", instead_of="kate")["error"] == "no_task"
    left = caller.act(instance, person="frank", action="agree", instead_of="chen")
    assert left["error"] == "person_unknown"
    caller.act(instance, person="dora", action="agree", instead_of="chen", remark="for Chen")
    detail = caller.detail(instance)
    record = detail["operationRecords"][-1]
    assert (record["type"], record["userId"]) == ("EXECUTE_TASK_AGENT", "dora")
    assert (detail["tasks"][0]["userId"], detail["result"]) == ("chen", "agree")


def test_sent_back_to_an_earlier_node_later_ones_are_asked_again(caller: Caller, code: str) -> None:
    design(caller, code, members("kate", "dora", mode="one_by_one"), members("iris"), members("henry"))
    instance = caller.start(code)
    agree(caller, instance, "kate", "dora", "iris")
    first = caller.detail(instance)["tasks"][0]["activityId"]
    caller.act(instance, person="henry", action="send_back", activity_id=first, remark="look again")
    assert kinds(caller, instance)[-1] == "REDIRECT_PROCESS"
    assert waiting(caller, instance) == ["kate"]
    agree(caller, instance, "kate", "dora", "iris", "henry")
    detail = caller.detail(instance)
    assert (detail["result"], len(detail["tasks"])) == ("agree", 8)
    fits({"result": detail, "success": "true"}, workflow.GetProcessInstanceResponseBody())


def test_sent_back_to_the_requester_it_begins_again_when_submitted_again(caller: Caller, code: str) -> None:
    instance = caller.start(code)
    later = caller.act(instance, person="chen", action="send_back", activity_id="elsewhere")
    assert later["error"] == "node_unknown"
    caller.act(instance, person="chen", action="send_back", remark="say why")
    task = caller.detail(instance)["tasks"][-1]
    assert (task["userId"], task["activityId"], task["status"]) == ("bob", "sid-startevent", "RUNNING")
    assert caller.act(instance, person="bob", action="agree")["error"] == "no_task"
    assert caller.act(instance, person="dora", action="resubmit")["error"] == "no_task"
    caller.act(instance, person="bob", action="resubmit", remark="because")
    assert waiting(caller, instance) == ["chen"]
    agree(caller, instance, "chen")
    assert caller.detail(instance)["result"] == "agree"
    assert kinds(caller, instance).count("START_PROCESS_INSTANCE") == 2


def test_what_a_refusal_ends_is_cancelled_and_told_of_by_the_switch(caller: Caller, code: str) -> None:
    design(caller, code, members("kate", "dora"))
    for told in (False, True):
        caller.control("PUT", "settings", {"cancel_events": told})
        instance = caller.start(code)
        caller.act(instance, person="kate", action="refuse")
        assert caller.detail(instance)["tasks"][1]["status"] == "CANCELED"
        assert events(caller, instance).count("task cancel") == int(told)
        assert caller.detail(instance)["result"] == "refuse"


def test_a_comment_is_told_of_in_the_old_way_by_the_switch(caller: Caller, code: str) -> None:
    instance = caller.start(code)
    caller.act(instance, person="dora", action="comment", remark="hm")
    assert "task comment" not in events(caller, instance)
    caller.control("PUT", "settings", {"comment_events": True})
    caller.act(instance, person="dora", action="comment", remark="hm hm")
    payload = caller.control("GET", "deliveries")["deliveries"][-1]["payload"]
    assert (payload["type"], payload["content"], "taskId" in payload) == ("comment", "hm hm", False)


def test_an_administrator_terminates_where_the_requester_may_not(caller: Caller, code: str) -> None:
    caller.control("PATCH", f"templates/{code}", {"requester_may_withdraw": False})
    instance = caller.start(code)
    assert caller.act(instance, person="bob", action="withdraw")["error"] == "withdrawal_off"
    assert caller.act(instance, person="chen", action="terminate")["error"] == "not_an_administrator"
    caller.act(instance, person="alice", action="terminate", remark="wrong form")
    detail = caller.detail(instance)
    assert (detail["status"], detail["result"]) == ("TERMINATED", "")
    record = detail["operationRecords"][-1]
    assert (record["type"], record["userId"]) == ("TERMINATE_PROCESS_INSTANCE", "alice")
    assert [task["status"] for task in detail["tasks"]] == ["CANCELED"]


def test_a_deleted_instance_is_gone_and_an_event_of_its_own_type_says_so(caller: Caller, code: str) -> None:
    instance = caller.start(code)
    assert caller.act(instance, person="bob", action="delete")["error"] == "not_an_administrator"
    assert caller.act(instance, person="alice", action="delete")["deleted"] is True
    answer = caller.new("GET", "workflow/processInstances", params={"processInstanceId": instance})
    assert (answer.status_code, answer.json()["code"]) == (400, "processInstanceNotExist")
    assert events(caller, instance)[-1] == "instance delete"
    assert caller.control("GET", "instances")["instances"] == []


@pytest.mark.parametrize("is_kept", [True, False])
def test_approvers_given_at_the_start_keep_or_lose_countersigning(
    caller: Caller, code: str, is_kept: bool
) -> None:
    caller.control("PUT", "settings", {"peer_to_peer_keeps_settings": is_kept})
    instance = caller.start(code, approvers=[{"actionType": "NONE", "userIds": ["chen"]}])
    answer = caller.act(instance, person="chen", action="countersign_before", to="iris")
    assert ("error" not in answer) == is_kept
    by_the_flow = caller.start(code)
    assert "error" not in caller.act(by_the_flow, person="chen", action="countersign_before", to="iris")


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"to": []}, "person_unknown"),
        ({"to": ["iris", "iris"]}, "person_unknown"),
        ({"to": ["iris", "chen"]}, "person_unknown"),
        ({"to": ["frank"]}, "person_unknown"),
        ({"to": ["V00_nobody"]}, "person_unknown"),
    ],
)
def test_countersigners_are_other_people_who_work_here(
    caller: Caller, code: str, changes: dict[str, Any], refusal: str
) -> None:
    instance = caller.start(code)
    answer = caller.act(instance, person="chen", action="countersign_before", **changes)
    assert answer["error"] == refusal
    assert waiting(caller, instance) == ["chen"]


def test_countersigners_are_asked_all_or_one_by_one_and_in_no_other_way(caller: Caller, code: str) -> None:
    instance = caller.start(code)
    for mode in ("any", "in_a_row"):
        answer = caller.act(instance, person="chen", action="countersign_before", to="iris", mode=mode)
        assert "one_by_one" in answer["error"]
    assert waiting(caller, instance) == ["chen"]
