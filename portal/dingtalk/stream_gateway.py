"""The Stream gateway: the app's credentials for the address of a websocket and a ticket for it."""

from __future__ import annotations

from dataclasses import dataclass, field

from portal.dingtalk.loose_json import text
from portal.dingtalk.operations import Operation
from portal.dingtalk.transport import Call, Transport

# Events only, and all that are ticked in DingTalk's console: there is no other topic for them.
SUBSCRIPTIONS = [{"type": "EVENT", "topic": "*"}]


@dataclass(frozen=True, kw_only=True)
class StreamTicket:
    """Good for one connection within about 90 seconds. Whoever holds it hears the organisation's events."""

    endpoint: str
    ticket: str = field(repr=False)


class StreamGateway:
    """The gateway of the bound app."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def open(self) -> StreamTicket:
        """Ask for a connection (DingTalk: protocol of Stream mode); raises ``DingTalkError``.

        No token is needed, and without the Accept header that every call of ours has the answer is XML.
        """
        credentials = self._transport.credentials
        answer = self._transport.api_as(
            Call(
                operation=Operation.OPEN_CONNECTION,
                method="POST",
                path="/v1.0/gateway/connections/open",
                expects="ticket",
                body={
                    "clientId": credentials.app_key,
                    "clientSecret": credentials.app_secret,
                    "subscriptions": SUBSCRIPTIONS,
                },
            ),
            token=None,
        )
        return StreamTicket(endpoint=text(answer.get("endpoint")), ticket=text(answer["ticket"]))
