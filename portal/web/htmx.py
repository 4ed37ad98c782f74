"""The one place that speaks htmx: page or partial, announcements, and redirects a script can follow.

Reading goes through htmx-flask (`request.htmx`). Writing is done here, because htmx-flask 0.1.0 refuses valid
swap styles and sends non-ASCII addresses unquoted, which the server then cannot write.
"""

import json
from collections.abc import Sequence
from urllib.parse import urlsplit

from flask import Response, make_response, redirect, render_template
from htmx_flask import request
from werkzeug.urls import iri_to_uri


def wants_partial() -> bool:
    """Whether this request swaps part of a page: no plain visit, boosted link or restored history entry."""
    htmx = request.htmx
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def render(
    page: str, partial: str, *, status: int = 200, triggers: Sequence[str] = (), **context: object
) -> Response:
    """Render `partial` for htmx and `page` for everybody else.

    `status` is the HTTP status of both: 200, or 422 for a form drawn again. `triggers` are names of events
    announced to the page (`HX-Trigger`): sections refresh, dialogs close. `context` goes to the template.
    """
    chosen = partial if wants_partial() else page
    response = make_response(render_template(chosen, **context), status)
    announce(response, triggers=triggers)
    return vary_by_htmx(response)


def announce(response: Response, *, triggers: Sequence[str]) -> Response:
    """Name events in `HX-Trigger`; htmx fires them on the element that asked, before the swap."""
    if triggers:
        response.headers["HX-Trigger"] = json.dumps(dict.fromkeys(triggers, True))
    return response


def vary_by_htmx(response: Response) -> Response:
    """Tell caches that the same address answers htmx and a plain visit differently."""
    response.vary.add("HX-Request")
    return response


def redirect_or_refresh(url: str, *, triggers: Sequence[str] = ()) -> Response:
    """Send the person on to `url`, where a script would swallow a plain redirect: after a POST or to sign in.

    A plain request gets 303. htmx gets 204 with `HX-Redirect`, or `HX-Refresh` when it already shows that
    address (setting the same location with a fragment would not load anything).
    """
    if not request.htmx:
        return vary_by_htmx(make_response(redirect(url, code=303)))
    response = make_response("", 204)
    if _is_current_page(url):
        response.headers["HX-Refresh"] = "true"
    else:
        response.headers["HX-Redirect"] = iri_to_uri(url)
    announce(response, triggers=triggers)
    return vary_by_htmx(response)


def replace_address(response: Response, url: str) -> Response:
    """Let the browser show `url` as the address of what it was answered, without a new entry in its history."""
    response.headers["HX-Replace-Url"] = iri_to_uri(url)
    return response


def no_content(*, triggers: Sequence[str] = ()) -> Response:
    """Answer 204: nothing to swap, only events to announce."""
    return vary_by_htmx(announce(make_response("", 204), triggers=triggers))


def retarget(response: Response, *, selector: str, reswap: str = "innerHTML") -> Response:
    """Make htmx put the answer at `selector` (CSS) instead of where the request meant it to go."""
    response.headers["HX-Retarget"] = selector
    response.headers["HX-Reswap"] = reswap
    return response


def is_on_page(path: str) -> bool:
    """Whether a script asks from the page at ``path``, whatever its query."""
    return urlsplit(request.htmx.current_url or "").path == path


def _is_current_page(url: str) -> bool:
    shown, wanted = urlsplit(request.htmx.current_url or ""), urlsplit(iri_to_uri(url))
    same_host = wanted.netloc in ("", shown.netloc)
    return same_host and (shown.path, shown.query) == (wanted.path, wanted.query)
