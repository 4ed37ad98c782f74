"""The callback address that DingTalk is given."""

from __future__ import annotations

import json

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

from portal.channels.callback_refusals import CallbackRefused, RefusalReason
from portal.extensions import csrf
from portal.services.callback_intake import LARGEST_BODY_BYTES
from portal.services.registry import services
from portal.web.access import client_address

callbacks = Blueprint("callbacks", __name__, url_prefix="/callbacks")
csrf.exempt(callbacks)

_STATUS = {
    RefusalReason.SIGNATURE: 403,
    RefusalReason.TOO_LARGE: 413,
    RefusalReason.NOT_BOUND: 404,
    # The only 5xx: the event was not kept for a reason of ours, so DingTalk must send it again.
    RefusalReason.NOT_STORED: 503,
    RefusalReason.SECRETS_UNREADABLE: 503,
}


@callbacks.post("/dingtalk")
def dingtalk() -> tuple[Response, int]:
    try:
        answer = services().callback_intake.receive(
            query=request.args, body=_body(), address=client_address()
        )
    except CallbackRefused as refused:
        return jsonify(error=refused.reason.value), _STATUS.get(refused.reason, 400)
    return Response(json.dumps(answer), mimetype="application/json"), 200


def _body() -> bytes:
    """Return the body, or just enough of a body to be refused as too large without reading it all."""
    request.max_content_length = LARGEST_BODY_BYTES + 1
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge:
        return bytes(LARGEST_BODY_BYTES + 1)
