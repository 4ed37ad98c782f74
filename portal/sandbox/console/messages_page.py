"""What one person reads in DingTalk's chat list: the work notices of the app."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from portal.sandbox.console.acting import acting_as
from portal.sandbox.runtime import current_sandbox
from portal.sandbox.tables import Message

blueprint = Blueprint("messages_page", __name__, url_prefix="/messages")
MOST_SHOWN = 60


@blueprint.get("")
def page() -> ResponseReturnValue:
    """The newest first; polled through htmx for the list alone."""
    mine = select(Message).where(Message.userid == acting_as()).order_by(Message.id.desc())
    with current_sandbox().storage.read() as session:
        messages = session.scalars(mine.limit(MOST_SHOWN)).all()
        polled = bool(request.headers.get("HX-Request"))
        return render_template(
            "sandbox/_messages.html" if polled else "sandbox/messages.html",
            messages=messages,
            buttons_of=_buttons_of,
            lines_of=_lines_of,
        )


@blueprint.post("/<int:message_id>/read")
def read(message_id: int) -> ResponseReturnValue:
    """Note that somebody has read a message."""
    with current_sandbox().storage.write() as session:
        message = session.get(Message, message_id)
        if message is not None and message.userid == acting_as():
            message.is_read = True
    return redirect(url_for(".page"), code=303)


def _lines_of(message: Message) -> list[tuple[bool, str]]:
    """The text of a message, line by line, and whether each is a heading."""
    card = message.body.get("action_card") or message.body.get("text") or {}
    text = str(card.get("markdown") or card.get("content") or "")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [(line.startswith("#"), line.lstrip("#").strip()) for line in lines]


def _buttons_of(message: Message) -> list[tuple[str, str, str]]:
    """Title, the address a browser can open (empty where only DingTalk could), and the address as it was sent."""
    card: dict[str, Any] = message.body.get("action_card") or {}
    given = [(card["single_title"], card["single_url"])] if "single_title" in card else []
    given += [(each["title"], each["action_url"]) for each in card.get("btn_json_list") or []]
    return [(str(title), _for_a_browser(str(address)), str(address)) for title, address in given]


def _for_a_browser(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme == "dingtalk" and (parts.netloc, parts.path) == ("dingtalkclient", "/page/link"):
        address = parse_qs(parts.query).get("url", [""])[0]
    return address if urlsplit(address).scheme in ("http", "https") else ""
