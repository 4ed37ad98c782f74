"""What a work notice must look like: text or a card with buttons (DingTalk: message types and data format)."""

from __future__ import annotations

import json
from typing import Any

from portal.sandbox.api.errors import ApiError, refused_old

LARGEST_BYTES = 2048
LONGEST_MARKDOWN = 1000
LONGEST_SINGLE_TITLE, LONGEST_SINGLE_URL = 20, 500
LONGEST_BUTTON_URL, LONGEST_BUTTON_LIST = 700, 1000


def check_message(message: dict[str, Any]) -> None:
    """Raise ``ApiError`` for what DingTalk would refuse; a Chinese character counts three bytes."""
    if len(json.dumps(message, ensure_ascii=False).encode("utf-8", "replace")) > LARGEST_BYTES:
        raise _wrong("消息体超过最大长度2048字节")
    kind = message.get("msgtype")
    content = message.get(kind) if isinstance(kind, str) else None
    if not isinstance(content, dict):
        raise _wrong("msgtype")
    if kind == "text":
        _check_text(content, "content", longest=LARGEST_BYTES)
    elif kind == "action_card":
        _check_card(content)
    else:
        raise _wrong("msgtype")


def _check_card(card: dict[str, Any]) -> None:
    _check_text(card, "title", longest=LARGEST_BYTES)
    _check_text(card, "markdown", longest=LONGEST_MARKDOWN)
    if "single_title" in card or "single_url" in card:
        _check_text(card, "single_title", longest=LONGEST_SINGLE_TITLE)
        _check_text(card, "single_url", longest=LONGEST_SINGLE_URL)
        return
    buttons = card.get("btn_json_list")
    if not isinstance(buttons, list) or not buttons or len(json.dumps(buttons)) > LONGEST_BUTTON_LIST:
        raise _wrong("btn_json_list")
    for button in buttons:
        if not isinstance(button, dict):
            raise _wrong("btn_json_list")
        _check_text(button, "title", longest=LARGEST_BYTES)
        _check_text(button, "action_url", longest=LONGEST_BUTTON_URL)


def _check_text(content: dict[str, Any], name: str, *, longest: int) -> None:
    value = content.get(name)
    if not isinstance(value, str) or not value or len(value) > longest:
        raise _wrong(name)


def _wrong(name: str) -> ApiError:
    return refused_old(400002, f"参数错误：{name}")
