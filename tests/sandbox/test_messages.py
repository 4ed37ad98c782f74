"""Work notices in the sandbox: sent by a client that others wrote, with DingTalk's limits, read on a page."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dingtalk.client import AppKeyClient
from dingtalk.core.exceptions import DingTalkClientException
from dingtalk.model.message import ActionCardBody

from .caller import Caller

SEND, RESULT, RECALL = (
    f"message/corpconversation/{name}" for name in ("asyncsend_v2", "getsendresult", "recall")
)


def card(**changes: str) -> dict[str, Any]:
    content = {
        "title": "Approved: AR-1",
        "markdown": "### Approved\n\n销售总览: View",
        "single_title": "Open the request",
        "single_url": "dingtalk://dingtalkclient/page/link?url=http%3A%2F%2F127.0.0.1%3A9%2Frequests%2FAR-1",
        **changes,
    }
    return {"msgtype": "action_card", "action_card": content}


def send(caller: Caller, to: str = "bob", **more: Any) -> dict[str, Any]:
    return caller.old(SEND, {"agent_id": caller.config.agent_id, "userid_list": to, "msg": card(), **more})


def result(caller: Caller, task_id: int) -> dict[str, Any]:
    answer = caller.old(RESULT, {"agent_id": caller.config.agent_id, "task_id": task_id})
    return dict(answer["send_result"])


@pytest.fixture
def others_client(caller: Caller) -> AppKeyClient:
    """The client of ``dingtalk-sdk``. Its own method goes to a gateway of Taobao's, so the address is given to it."""

    class SandboxClient(AppKeyClient):  # type: ignore[misc]
        API_BASE_URL = f"{caller.url}/"

    config = caller.config
    return SandboxClient(config.corp_id, config.app_key, config.app_secret)


def sent_by(client: AppKeyClient, *, agent_id: int, to: str) -> dict[str, Any]:
    body = ActionCardBody(**card()["action_card"]).get_dict()
    return dict(client.post(f"/topapi/{SEND}", {"agent_id": agent_id, "userid_list": to, "msg": body}))


def test_a_form_with_the_message_as_text_is_taken_too(caller: Caller) -> None:
    form = {"agent_id": caller.config.agent_id, "userid_list": "bob", "msg": json.dumps(card())}
    address, query = f"{caller.url}/topapi/{SEND}", {"access_token": caller.token}
    assert caller.http.post(address, params=query, data=form).json()["errcode"] == 0
    assert caller.control("GET", "messages")["messages"][0]["message"] == card()


def test_a_client_that_others_wrote_sends_a_card_and_takes_it_back(
    caller: Caller, others_client: AppKeyClient
) -> None:
    task_id = sent_by(others_client, agent_id=caller.config.agent_id, to="bob,chen")["task_id"]
    messages = caller.control("GET", "messages")["messages"]
    assert [each["person"] for each in messages] == ["bob", "chen"]
    assert messages[0]["message"] == card()
    assert messages[0]["task_id"] == task_id
    others_client.post(f"/topapi/{RECALL}", {"agent_id": caller.config.agent_id, "msg_task_id": task_id})
    assert all(each["recalled"] for each in caller.control("GET", "messages")["messages"])


def test_a_client_that_others_wrote_understands_a_refusal(others_client: AppKeyClient) -> None:
    with pytest.raises(DingTalkClientException) as caught:
        sent_by(others_client, agent_id=1, to="bob")
    assert caught.value.errcode == 40056


def test_the_same_text_is_taken_twice_a_day_and_delivered_once(caller: Caller) -> None:
    first, second = send(caller)["task_id"], send(caller)["task_id"]
    assert result(caller, first)["unread_user_id_list"] == ["bob"]
    assert result(caller, second)["forbidden_list"] == [{"code": "143106", "count": 1, "userid": "bob"}]
    assert send(caller, to="chen,dora")["errcode"] == 0
    other = send(caller, msg=card(title="Rejected: AR-1"))["task_id"]
    assert result(caller, other)["forbidden_list"] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"markdown": "字" * 680},
        {"markdown": "x" * 1001},
        {"single_title": "x" * 21},
        {"single_url": f"https://portal.example/{'x' * 500}"},
        {"title": ""},
    ],
    ids=["2048 bytes", "markdown", "button", "address", "title"],
)
def test_a_card_beyond_the_limits_is_refused(caller: Caller, changes: dict[str, str]) -> None:
    assert send(caller, msg=card(**changes))["errcode"] == 400002
    assert caller.control("GET", "messages")["messages"] == []


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        ({"agent_id": None}, 41011),
        ({"agent_id": "12"}, 40056),
        ({"userid_list": ""}, 400002),
        ({"userid_list": ",".join(f"u{number}" for number in range(101))}, 400002),
        ({"userid_list": "frank,nobody"}, 33012),
        ({"msg": "not json"}, 400002),
        ({"msg": {"msgtype": "action_card"}}, 400002),
        ({"msg": {"msgtype": []}}, 400002),
    ],
)
def test_what_makes_no_sense_is_refused(caller: Caller, body: dict[str, Any], errcode: int) -> None:
    assert send(caller, **body)["errcode"] == errcode


def test_a_task_that_nobody_sent_has_no_result(caller: Caller) -> None:
    body = {"agent_id": caller.config.agent_id, "task_id": 1}
    assert caller.old(RESULT, body)["errcode"] == 400002


def test_the_permission_is_looked_at(caller: Caller) -> None:
    caller.control("PUT", "permissions", {"qyapi_base": False})
    assert send(caller)["sub_code"] == "60011"


def test_a_person_reads_their_messages_and_opens_the_portal_from_them(caller: Caller) -> None:
    send(caller, to="bob")
    send(caller, to="bob")
    for person, count in (("chen", 0), ("bob", 1)):
        page = caller.http.get(f"{caller.url}/messages").text
        token = page.split('name="csrf_token" value="')[1].split('"')[0]
        caller.http.post(f"{caller.url}/acting", data={"csrf_token": token, "userid": person})
        page = caller.http.get(f"{caller.url}/messages").text
        assert page.count('href="http://127.0.0.1:9/requests/AR-1"') == count
    assert "Not delivered" in page
    assert "销售总览: View" in page


def test_an_address_that_is_no_web_page_is_not_linked(caller: Caller) -> None:
    send(caller, msg=card(single_url="javascript:alert(1)", markdown="<b>bold</b> [x](javascript:alert(1))"))
    page = caller.http.get(f"{caller.url}/messages").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    caller.http.post(f"{caller.url}/acting", data={"csrf_token": token, "userid": "bob"})
    page = caller.http.get(f"{caller.url}/messages").text
    assert 'href="javascript' not in page
    assert "<b>bold" not in page
