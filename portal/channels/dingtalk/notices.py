"""Work notices in DingTalk: our plain text as a card that fits its limits and says nothing by accident."""

from __future__ import annotations

import re
from urllib.parse import quote

from portal.channels.dingtalk.connection import DingTalkConnection, in_our_words
from portal.channels.failures import ChannelError, Failure, OwnFailure, Retry, own_failure
from portal.channels.notices import Notice
from portal.dingtalk.work_notices import (
    LARGEST_MESSAGE_BYTES,
    LONGEST_ADDRESS,
    LONGEST_BUTTON,
    LONGEST_MARKDOWN,
    ActionCard,
)

LONGEST_TITLE = 64
# Shortened step by step until the card fits; with the last one it always does.
LONGEST_LINES = (300, 150, 80, 30)
# Whatever could begin a heading, a link, an emphasis or a quote has a full-width twin that only looks like it.
MARKDOWN_SIGNS = {ord(sign): chr(ord(sign) + 0xFEE0) for sign in r"\`*_{}[]()#+!|<>~"}
ADDRESS_SIGNS = re.compile(r"(?<=:)//|(?<=www)\.", re.IGNORECASE)
LIST_SIGNS = re.compile(r"^(-|\d+\.)(?=\s)")


class DingTalkNotices:
    """Sends notices as the bound app. Every method may raise ``ChannelError``."""

    def __init__(self, connection: DingTalkConnection) -> None:
        self._connection = connection

    def send(self, notice: Notice) -> str:
        """Send a notice and return DingTalk's id of the sending.

        With ``Retry.OUTCOME_UNKNOWN`` it may have arrived; sending it again is harmless, as DingTalk delivers the
        same text to a person once a day.
        """
        agent_id = self._agent_id()
        with in_our_words():
            return self._connection.client().work_notices.send(
                agent_id=agent_id, user_id=notice.user_id, card=card_of(notice)
            )

    def check_arrival(self, task_id: str, *, user_id: str) -> None:
        """Raise ``ChannelError`` with ``notice_withheld`` when DingTalk did not deliver a notice that it took."""
        agent_id = self._agent_id()
        with in_our_words():
            withheld = self._connection.client().work_notices.withheld(
                agent_id=agent_id, task_id=task_id, user_id=user_id
            )
        if withheld is not None:
            raise ChannelError(
                Failure(kind=OwnFailure.NOTICE_WITHHELD, retry=Retry.PERMANENT, facts={"code": withheld.code})
            )

    def _agent_id(self) -> int:
        agent_id = self._connection.binding().agent_id
        if agent_id is None:
            raise own_failure(OwnFailure.NO_AGENT_ID)
        return agent_id


def card_of(notice: Notice) -> ActionCard:
    """Return the card for a notice, cut at whole characters until it fits."""
    card = _card(notice, longest_line=LONGEST_LINES[0])
    for longest_line in LONGEST_LINES[1:]:
        if card.byte_count <= LARGEST_MESSAGE_BYTES and len(card.markdown) <= LONGEST_MARKDOWN:
            break
        card = _card(notice, longest_line=longest_line)
    return card


def inside_dingtalk(address: str) -> str:
    """Return the link that DingTalk's clients open in a window of their own, where sign-in needs no click.

    DingTalk: message link description. An address that is too long for that stays as it is.
    """
    wrapped = f"dingtalk://dingtalkclient/page/link?url={quote(address, safe='')}&pc_slide=true"
    return wrapped if len(wrapped) <= LONGEST_ADDRESS else address


def _card(notice: Notice, *, longest_line: int) -> ActionCard:
    title = _cut(notice.title, longest=LONGEST_TITLE)
    lines = [plain(_cut(line, longest=longest_line)) for line in notice.lines]
    return ActionCard(
        title=title,
        markdown="\n\n".join([f"### {plain(title)}", *lines]),
        button=_cut(notice.button, longest=LONGEST_BUTTON),
        address=inside_dingtalk(notice.address),
    )


def plain(text: str) -> str:
    """Return text that markdown shows as it is: one line, nothing in it becomes a link or a heading."""
    one_line = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    without_lists = LIST_SIGNS.sub(lambda found: found[0].replace("-", "－").replace(".", "．"), one_line)
    without_addresses = ADDRESS_SIGNS.sub(lambda found: "／" * 2 if "/" in found[0] else "．", without_lists)
    return without_addresses.translate(MARKDOWN_SIGNS)


def _cut(text: str, *, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"
