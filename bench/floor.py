"""The floor: what storing one callback durably costs on the same server without any of the portal.

One SHA-1, one AES-CBC decryption and one row of the same shape, committed with the same SQLite settings.
Run as ``python -m bench.floor <port> <file> <aes key>``.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from Crypto.Cipher import AES
from sqlalchemy import create_engine
from waitress.server import create_server

from portal.database import BUSY_RETRY_SECONDS, sqlite_driver
from portal.models import CallbackEvent

THREADS = 8
INSERT = """
    INSERT INTO portal_callback_event (event_key, event_type, kind, instance_id, process_code, owner_key_kind,
        payload, received_at, state, attempts, due_at)
    VALUES (?, 'bpms_instance_change', 'finish', ?, 'PROC-0', 'app_key', ?, ?, 'received', 0, ?)
"""


class Floor:
    """The bare handler, one connection a thread."""

    def __init__(self, path: str, aes_key: str) -> None:
        self._path = path
        self._key = base64.b64decode(aes_key + "=")
        self._own = threading.local()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        encrypt = json.loads(body)["encrypt"]
        hashlib.sha1(encrypt.encode(), usedforsecurity=False).hexdigest()
        plaintext = AES.new(self._key, AES.MODE_CBC, iv=self._key[:16]).decrypt(base64.b64decode(encrypt))
        self._store(plaintext[20:-64].decode(errors="replace"))
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "2")])
        return [b"{}"]

    def _store(self, payload: str) -> None:
        cursor = self._cursor()
        now = time.strftime("%Y-%m-%d %H:%M:%S.000000")
        while True:
            try:
                cursor.execute("BEGIN IMMEDIATE")
                break
            except sqlite_driver().OperationalError:
                time.sleep(BUSY_RETRY_SECONDS)
        cursor.execute(INSERT, (f"id:{secrets.token_hex(16)}", secrets.token_urlsafe(16), payload, now, now))
        cursor.execute("COMMIT")

    def _cursor(self) -> Any:
        if not hasattr(self._own, "cursor"):
            connection = sqlite_driver().connect(self._path, timeout=0, isolation_level=None)
            self._own.cursor = connection.cursor()
            self._own.cursor.execute("PRAGMA synchronous=FULL")
        return self._own.cursor


def main(port: int, path: str, aes_key: str) -> None:
    """Serve until killed, with a table of the portal's own definition."""
    engine = create_engine(f"sqlite:///{path}", module=sqlite_driver())
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    CallbackEvent.metadata.create_all(engine)
    engine.dispose()
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    server = create_server(Floor(path, aes_key), host="127.0.0.1", port=port, threads=THREADS, ident=None)
    server.run()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
