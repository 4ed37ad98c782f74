"""Work notices: what is sent, and which answers mean that a card did not arrive."""

from __future__ import annotations

from typing import Any

import pytest

from portal.dingtalk.client import DingTalkClient
from portal.dingtalk.failures import DingTalkError, FailureClass, Retry
from portal.dingtalk.work_notices import ActionCard, Withheld
from tests.dingtalk.scripted import ScriptedDingTalk

SEND = "/topapi/message/corpconversation/asyncsend_v2"
RESULT = "/topapi/message/corpconversation/getsendresult"
CARD = ActionCard(
    title="Approved: AR-1", markdown="### 已同意", button="Open", address="https://portal.example/r"
)


def send(client: DingTalkClient) -> str:
    return client.work_notices.send(agent_id=1234567890, user_id="user0001", card=CARD)


def withheld(client: DingTalkClient) -> Withheld | None:
    return client.work_notices.withheld(agent_id=1234567890, task_id="256271667526", user_id="user0001")


def test_a_card_with_one_button_goes_to_one_person(
    dingtalk: ScriptedDingTalk, client: DingTalkClient
) -> None:
    dingtalk.answer(SEND, {"errcode": 0, "task_id": 256271667526, "request_id": "r"})
    assert send(client) == "256271667526"
    (request,) = dingtalk.requests_to(SEND)
    assert request.body == {
        "agent_id": 1234567890,
        "userid_list": "user0001",
        "to_all_user": False,
        "msg": {
            "msgtype": "action_card",
            "action_card": {
                "title": "Approved: AR-1",
                "markdown": "### 已同意",
                "single_title": "Open",
                "single_url": "https://portal.example/r",
            },
        },
    }


@pytest.mark.parametrize(
    ("answer", "failure", "retry"),
    [
        ({"errcode": 40056, "errmsg": "不合法的agentid"}, FailureClass.AGENT_ID_WRONG, Retry.PERMANENT),
        ({"errcode": 41011, "errmsg": "缺少agentid"}, FailureClass.AGENT_ID_WRONG, Retry.PERMANENT),
        ({"errcode": 33012, "errmsg": "无效的USERID"}, FailureClass.PERSON_UNKNOWN, Retry.PERMANENT),
        ({"errcode": 90018, "errmsg": "频率超限"}, FailureClass.THROTTLED, Retry.RETRYABLE),
        ({"errcode": 90020, "errmsg": "次数已达上限"}, FailureClass.QUOTA_EXHAUSTED, Retry.RETRYABLE),
        ({"errcode": -1, "errmsg": "系统繁忙"}, FailureClass.SERVER_TROUBLE, Retry.OUTCOME_UNKNOWN),
        ({"errcode": 0, "request_id": "r"}, FailureClass.UNEXPECTED, Retry.OUTCOME_UNKNOWN),
    ],
)
def test_a_refusal_says_what_may_be_done(
    dingtalk: ScriptedDingTalk,
    client: DingTalkClient,
    answer: dict[str, Any],
    failure: FailureClass,
    retry: Retry,
) -> None:
    dingtalk.answer(SEND, answer)
    with pytest.raises(DingTalkError) as caught:
        send(client)
    assert (caught.value.failure, caught.value.retry) == (failure, retry)


@pytest.mark.parametrize(
    ("result", "verdict"),
    [
        ({"unread_user_id_list": ["user0001"]}, None),
        ({"read_user_id_list": ["user0001"], "forbidden_list": None}, None),
        ({"forbidden_list": [{"code": "143105", "count": 1, "userid": "user0001"}]}, Withheld(code="143105")),
        ({"forbidden_list": [{"code": 143105, "count": "1", "userid": "somebody"}]}, None),
        ({"forbidden_list": [{"code": "143106", "count": 1, "userid": "user0001"}]}, None),
        ({"invalid_user_id_list": ["user0001"]}, Withheld(code="invalid_user_id_list")),
        ({"failed_user_id_list": ["user0001"]}, Withheld(code="failed_user_id_list")),
    ],
)
def test_the_result_says_whether_the_card_arrived(
    dingtalk: ScriptedDingTalk, client: DingTalkClient, result: dict[str, Any], verdict: Withheld | None
) -> None:
    empty: dict[str, Any] = {
        "invalid_user_id_list": [],
        "failed_user_id_list": [],
        "invalid_dept_id_list": [],
    }
    dingtalk.answer(RESULT, {"errcode": 0, "errmsg": "ok", "send_result": {**empty, **result}})
    assert withheld(client) == verdict
    assert dingtalk.requests_to(RESULT)[0].body == {"agent_id": 1234567890, "task_id": 256271667526}
