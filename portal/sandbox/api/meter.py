"""Limits: calls per second and API, and the monthly quota (DingTalk: call-frequency-limit)."""

from __future__ import annotations

import time

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.sandbox.api.errors import ApiError, refused, refused_old
from portal.sandbox.api.operations import Family, Operation
from portal.sandbox.clock import month_of, now_ms
from portal.sandbox.runtime import Sandbox
from portal.sandbox.settings import Settings
from portal.sandbox.tables import CallCount

WINDOW_SECONDS = 1.0


def check(session: Session, operation: Operation, *, settings: Settings, sandbox: Sandbox) -> None:
    """Raise ``ApiError`` when ``operation`` comes too often or the month's quota is used up."""
    recent, now = sandbox.recent_calls[operation.name], time.monotonic()
    while recent and recent[0] <= now - WINDOW_SECONDS:
        recent.popleft()
    if settings.calls_per_second and len(recent) >= settings.calls_per_second:
        raise throttled(operation)
    recent.append(now)
    if operation.is_metered and settings.monthly_quota and used(session) >= settings.monthly_quota:
        raise quota_exhausted(operation)


def used(session: Session) -> int:
    """Metered calls of this month, whatever they answered."""
    counts = select(func.sum(CallCount.count)).where(
        CallCount.month == month_of(now_ms()), CallCount.is_metered
    )
    return session.scalar(counts) or 0


def count(session: Session, operation: Operation, *, result: str) -> None:
    """Add one to this month's row of ``operation`` and ``result``."""
    key = (month_of(now_ms()), operation.name, result)
    row = session.get(CallCount, key)
    if row is None:
        row = CallCount(
            month=key[0], operation=key[1], result=key[2], count=0, is_metered=operation.is_metered
        )
        session.add(row)
    row.count += 1


def throttled(operation: Operation) -> ApiError:
    """Too many calls of one API in a second."""
    if operation.family is Family.OLD:
        return refused_old(90018, "您的服务器调用钉钉开放平台当前接口的频率超限，请稍后再试")
    code = "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"
    return refused(code, "当前应用调用该接口的频率超过限制，请稍后再试", status=403)


def quota_exhausted(operation: Operation) -> ApiError:
    """The organisation's monthly number of calls is used up."""
    if operation.family is Family.OLD:
        return refused_old(90020, "您的企业本月调用钉钉开放平台接口的次数已达上限")
    code = "Forbidden.AccessDenied.ApiCountLimitForOrg"
    return refused(code, "您的企业本月接口调用次数已达上限，请升级后再使用", status=403)
