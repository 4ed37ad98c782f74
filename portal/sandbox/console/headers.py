"""Security headers of the pages: nothing inline, nothing from elsewhere."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Response, g

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)


def set_headers(response: Response) -> Response:
    """Set them on pages; the API's JSON has no use for them."""
    if response.mimetype == "text/html":
        response.headers["Content-Security-Policy"] = POLICY + g.get("form_target", "")
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers.setdefault("Cache-Control", "no-store")
        response.vary.update(("Cookie", "Accept-Language"))
    return response


def allow_form_target(url: str) -> None:
    """Let this page's form end, after a redirect, at the origin of ``url``; browsers check that too."""
    parts = urlsplit(url)
    g.form_target = f" {parts.scheme}://{parts.netloc}"
