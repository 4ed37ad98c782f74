"""Work notices: a card sent to a person in the app's name, and what became of it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from portal.dingtalk.loose_json import Json, mapping, mappings, sequence, text, whole_number
from portal.dingtalk.operations import Operation
from portal.dingtalk.transport import Call, Transport

# DingTalk: asynchronous-sending-of-enterprise-session-messages, message types.
LARGEST_MESSAGE_BYTES = 2048
LONGEST_MARKDOWN = 1000
LONGEST_BUTTON = 20
LONGEST_ADDRESS = 500
# What stands in ``forbidden_list`` where the very same text has reached the person today already.
IDENTICAL_TODAY = "143106"


@dataclass(frozen=True, kw_only=True)
class ActionCard:
    """A card with one button; ``markdown`` is DingTalk's subset of it."""

    title: str
    markdown: str
    button: str
    address: str

    def message(self) -> Json:
        """Return the message as it is sent."""
        card = {
            "title": self.title,
            "markdown": self.markdown,
            "single_title": self.button,
            "single_url": self.address,
        }
        return {"msgtype": "action_card", "action_card": card}

    @property
    def byte_count(self) -> int:
        """How large DingTalk finds the message: a Chinese character counts three bytes."""
        return len(json.dumps(self.message(), ensure_ascii=False).encode())


@dataclass(frozen=True, kw_only=True)
class Withheld:
    """That a notice did not arrive; ``code`` is DingTalk's reason where it names one."""

    code: str


class WorkNotices:
    """Sends work notices. Every method may raise ``DingTalkError``."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def send(self, *, agent_id: int, user_id: str, card: ActionCard) -> str:
        """Send a card to one person and return the id of the sending task.

        DingTalk: asynchronous-sending-of-enterprise-session-messages. A success says that the task was taken, not
        that the card arrived: beyond some limits it is withheld without a word.
        """
        answer = self._transport.oapi(
            Call(
                operation=Operation.SEND_WORK_NOTICE,
                method="POST",
                path="/topapi/message/corpconversation/asyncsend_v2",
                expects="task_id",
                body={
                    "agent_id": agent_id,
                    "userid_list": user_id,
                    "to_all_user": False,
                    "msg": card.message(),
                },
            )
        )
        return text(answer["task_id"])

    def withheld(self, *, agent_id: int, task_id: str, user_id: str) -> Withheld | None:
        """Return why a notice did not reach a person, None when it did (DingTalk: getsendresult, for 24 hours)."""
        answer = self._transport.oapi(
            Call(
                operation=Operation.READ_NOTICE_RESULT,
                method="POST",
                path="/topapi/message/corpconversation/getsendresult",
                expects="send_result",
                body={"agent_id": agent_id, "task_id": whole_number(task_id) or task_id},
            )
        )
        result = mapping(answer["send_result"])
        for forbidden in mappings(result.get("forbidden_list")):
            if text(forbidden.get("userid")) == user_id:
                code = text(forbidden.get("code"))
                return None if code == IDENTICAL_TODAY else Withheld(code=code)
        for name in ("invalid_user_id_list", "forbidden_user_id_list", "failed_user_id_list"):
            if user_id in (text(each) for each in sequence(result.get(name))):
                return Withheld(code=name)
        return None
