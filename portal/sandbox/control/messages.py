"""Work notices as the control API tells of them."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from sqlalchemy import select

from portal.sandbox.runtime import current_sandbox
from portal.sandbox.tables import Message


def get_messages() -> Response:
    with current_sandbox().storage.read() as session:
        messages = session.scalars(select(Message).order_by(Message.id)).all()
    return jsonify(messages=[_shown(message) for message in messages])


def _shown(message: Message) -> dict[str, Any]:
    return {
        "task_id": message.task_id,
        "person": message.userid,
        "message": message.body,
        "withheld": message.withheld,
        "recalled": message.is_recalled,
        "sent_at": message.sent_at,
    }


ROUTES = (("/messages", ["GET"], get_messages),)
