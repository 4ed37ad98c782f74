"""What counts as a failure in DingTalk's answers: both families hide some inside HTTP 200."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from portal.dingtalk.failure_codes import INCOMPLETE_ANSWER, UNREADABLE_ANSWER, telling_code
from portal.dingtalk.loose_json import Json, mapping, optional_text, sequence, text, truth

LONGEST_MESSAGE = 1000

_MESSAGE_KEYS = ("message", "description", "sub_msg", "errmsg")

_SCOPES_IN_TEXT = re.compile(r"(?:requiredScopes=|权限[：:]\s*)\[([^\]]*)\]")
_APPLY_URL_IN_TEXT = re.compile(r"https?://[^\s\"'<>，。；]+/appscope/apply\?[^\s\"'<>，。；,}\]]+")


class Family(StrEnum):
    """DingTalk's two API families, which differ in where the token goes and in how failures look."""

    NEW = "api"
    OLD = "oapi"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A failed exchange in DingTalk's words, before it is classified."""

    code: str
    http_status: int
    message: str
    request_id: str | None = None
    required_scopes: tuple[str, ...] = ()
    apply_url: str | None = None


def request_id_of(body: object, headers: Mapping[str, str]) -> str | None:
    """Return the id that DingTalk's support asks for, from the body or else the gateway's header."""
    keys = _folded(body)
    return optional_text(keys.get("requestid") or keys.get("request_id") or headers.get("x-acs-request-id"))


def read_answer(
    body: object, *, family: Family, http_status: int, expects: str, request_id: str | None
) -> Json | Fault:
    """Return the answer of a success, or what is wrong with it.

    ``expects`` is the dotted path of the value without which a success is none. Keys of failures are read
    in any spelling (DingTalk's SDK gateway does the same).
    """
    fault = partial(Fault, http_status=http_status, request_id=request_id)
    if not isinstance(body, dict):
        return fault(code=UNREADABLE_ANSWER, message="The answer is not a JSON object.")
    keys = _folded(body)
    if not _is_failure(keys, family=family, http_status=http_status):
        if _value_at(body, expects) not in (None, "", False):
            return body
        return fault(code=INCOMPLETE_ANSWER, message=f"The answer holds no {expects}.")
    told = [words for key in _MESSAGE_KEYS if (words := text(keys.get(key)))]
    apply_url = _APPLY_URL_IN_TEXT.search(" ".join(told))
    return fault(
        code=_code(keys),
        message=told[0][:LONGEST_MESSAGE] if told else "The answer holds no message.",
        required_scopes=_required_scopes(keys, " ".join(told)),
        apply_url=apply_url and apply_url[0],
    )


def _is_failure(keys: Mapping[str, object], *, family: Family, http_status: int) -> bool:
    if not 200 <= http_status < 300 or "punish" in keys:
        return True
    if family is Family.OLD:
        return text(keys.get("errcode")) != "0"
    is_refused = keys.get("success") is not None and not truth(keys["success"])
    return is_refused or any(text(keys.get(key)) not in ("", "0") for key in ("code", "errcode"))


def _code(keys: Mapping[str, object]) -> str:
    if "punish" in keys:
        return text(keys.get("status"))
    code = text(keys.get("code")) or text(keys.get("errcode"))
    return telling_code(code, optional_text(keys.get("sub_code"))) or UNREADABLE_ANSWER


def _required_scopes(keys: Mapping[str, object], details: str) -> tuple[str, ...]:
    listed = sequence(_folded(mapping(keys.get("accessdenieddetail"))).get("requiredscopes"))
    named = _SCOPES_IN_TEXT.search(details)
    scopes = listed or (named[1].split(",") if named else [])
    return tuple(text(scope).strip() for scope in scopes if text(scope).strip())


def _value_at(body: object, path: str) -> object:
    for key in path.split("."):
        body = mapping(body).get(key)
    return body


def _folded(body: object) -> dict[str, object]:
    return {key.casefold(): value for key, value in body.items()} if isinstance(body, dict) else {}
