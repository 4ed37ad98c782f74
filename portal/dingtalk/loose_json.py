"""Reading DingTalk's JSON, where numbers, booleans and even objects may come as text, or not at all."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]


def text(value: object) -> str:
    """Return text that every database can store; a list becomes compact JSON, nothing becomes empty text."""
    if value is None:
        return ""
    if not isinstance(value, str):
        value = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return value.encode("utf-8", "replace").decode().replace("\x00", "")


def optional_text(value: object) -> str | None:
    """Like ``text``, with None for nothing."""
    return text(value) or None


def truth(value: object) -> bool:
    """Read a boolean that may be the word for one."""
    return value.strip().casefold() in {"true", "1"} if isinstance(value, str) else bool(value)


def whole_number(value: object) -> int | None:
    """Read an integer that may be text; None if it is not one."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    try:
        return int(value)
    except ValueError:
        return None


def mapping(value: object) -> Json:
    """Return an object, also one that is wrapped in a JSON string; anything else is an empty one."""
    value = _unwrapped(value)
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> list[Json]:
    """Return the objects of a list; anything else in it is left out."""
    return [entry for entry in sequence(value) if isinstance(entry, dict)]


def sequence(value: object) -> list[Any]:
    """Return a list, also one that is wrapped in a JSON string; anything else is an empty one."""
    value = _unwrapped(value)
    return value if isinstance(value, list) else []


def utc_from_iso(value: object) -> datetime | None:
    """Read DingTalk's ``2026-01-02T07:04Z``; a time without a zone is UTC as well."""
    try:
        at = datetime.fromisoformat(text(value))
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def utc_from_milliseconds(value: object) -> datetime | None:
    """Read a time in milliseconds since 1970."""
    milliseconds = whole_number(value)
    if milliseconds is None:
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)
    except (OverflowError, OSError, ValueError):
        return None


def web_address(value: object) -> str | None:
    """Read an address that is safe to link to; DingTalk leaves the scheme out of some."""
    address = text(value).strip()
    if "://" not in address:
        return f"https://{address.lstrip('/')}" if address else None
    scheme = address.partition("://")[0].casefold()
    return address if scheme in {"http", "https", "dingtalk"} else None


def _unwrapped(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None
