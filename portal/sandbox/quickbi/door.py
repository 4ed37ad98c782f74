"""Quick BI's API answers at ``/`` like every RPC product of Alibaba Cloud; the header of a call tells it apart."""

from __future__ import annotations

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

API_PATH = "/quickbi/api"
HEADER = "HTTP_X_ACS_ACTION"


class QuickBIDoor:
    """Leads calls of the SDK to the pretended Quick BI and leaves everything else alone."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if HEADER in environ and environ.get("PATH_INFO") in ("", "/"):
            environ["PATH_INFO"] = API_PATH
        return self._app(environ, start_response)
