"""Error answers in the words of DingTalk's two API families."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any


@dataclass
class ApiError(Exception):
    """A refusal: HTTP ``status`` and JSON ``body``; ``code`` is what the call log counts."""

    status: int
    code: str
    body: dict[str, Any] = field(repr=False)


def refused(code: str, message: str, *, status: int = 400, **more: Any) -> ApiError:
    """An error of the new family (DingTalk: server-api-error-codes-1)."""
    return ApiError(status, code, {"code": code, "message": message, "requestid": request_id(), **more})


def refused_old(errcode: int, errmsg: str) -> ApiError:
    """An error of the old family: HTTP 200 with ``errcode``."""
    return ApiError(200, str(errcode), {"errcode": errcode, "errmsg": errmsg, "request_id": request_id()})


def wrapped(sub_code: str, sub_msg: str, *, more: str = "") -> ApiError:
    """An error of the old family inside the errcode 88 wrapper; ``sub_code`` is a string there."""
    body = {
        "errcode": 88,
        "sub_code": sub_code,
        "sub_msg": sub_msg,
        "errmsg": f"ding talk error[subcode={sub_code},submsg={sub_msg}{more}]",
        "request_id": request_id(),
    }
    return ApiError(200, f"88/{sub_code}", body)


def request_id() -> str:
    """An id in the looks of DingTalk's."""
    return str(uuid.uuid4()).upper()
