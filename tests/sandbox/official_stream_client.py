"""DingTalk's own Stream client, as its documents start it; prints each event as a line of JSON.

Run as a program: arguments are the app key and the app secret; DINGTALK_OPENAPI_ENDPOINT names the gateway's server.
"""

from __future__ import annotations

import json
import sys

import websockets.exceptions  # noqa: F401  the library forgets to
from dingtalk_stream import AckMessage, Credential, DingTalkStreamClient, EventHandler, EventMessage


class Printer(EventHandler):
    """Prints and acknowledges."""

    async def process(self, event: EventMessage) -> tuple[int, str]:
        told = {
            "type": event.headers.event_type,
            "id": event.headers.event_id,
            "corp_id": event.headers.event_corp_id,
            "content": event.data,
        }
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        return AckMessage.STATUS_OK, "OK"


def main() -> None:
    client = DingTalkStreamClient(Credential(sys.argv[1], sys.argv[2]))
    client.register_all_event_handler(Printer())
    client.start_forever()


if __name__ == "__main__":
    main()
