"""Security and caching headers on every answer, and content-hashed addresses for static files."""

from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from flask import Flask, Response, current_app, request, url_for

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "manifest-src 'self'",
    )
)

SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

YEAR_SECONDS = 31_536_000
STRICT_TRANSPORT = ("Strict-Transport-Security", f"max-age={YEAR_SECONDS}")


def init_headers(app: Flask) -> None:
    """Add the headers to every answer of `app` and give templates `static_url(name)`."""
    app.after_request(_add_headers)
    app.jinja_env.globals["static_url"] = static_url


def headers_for_machines(*, is_secure: bool) -> list[tuple[str, str]]:
    """Return the same headers for an answer that does not come from Flask; ``is_secure``: it goes over https."""
    headers = [*SECURITY_HEADERS.items(), ("Cache-Control", "no-store")]
    return [*headers, STRICT_TRANSPORT] if is_secure else headers


def static_url(name: str) -> str:
    """Address of the static file `name`, with its content hash, so that browsers may keep it for good.

    Raises FileNotFoundError when there is no such file: a page must not point at nothing.
    """
    return url_for("static", filename=name, v=_content_hash_of(name))


def _add_headers(response: Response) -> Response:
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault(*STRICT_TRANSPORT)
    if request.endpoint == "static" and response.status_code in (200, 304):
        response.headers["Cache-Control"] = _static_caching()
    else:
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _static_caching() -> str:
    """Keep a file for a year only under the hash of what it holds: an old page must not pin a newer file."""
    name = (request.view_args or {}).get("filename", "")
    if request.args.get("v") == _content_hash_of(name):
        return f"public, max-age={YEAR_SECONDS}, immutable"
    return "no-cache"


def _content_hash_of(name: str) -> str:
    path = Path(current_app.static_folder or "") / name
    return _hash_of_version(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=512)
def _hash_of_version(path: Path, _modified_at_ns: int) -> str:
    return sha256(path.read_bytes()).hexdigest()[:12]
