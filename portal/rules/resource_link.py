"""Links to resources: what makes two of them the same, and which ids of the BI tool stand in one."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

LONGEST_LINK = 1024
MOST_IDS = 20
# What mail clients, trackers and sign-in hops add to an address; it names nothing.
_PASSING = re.compile(r"utm_.*|accessticket|accesstoken|ticket|spm|from|lang|timestamp|_t", re.IGNORECASE)
_ID = re.compile(r"[\w.~-]{2,128}")
_USUAL_PORTS = {"http": 80, "https": 443}


def is_link(text: str) -> bool:
    """Whether ``text`` is an address on the web: http or https with a host."""
    parts = _split(text)
    return parts is not None and bool(parts.hostname)


def link_key(link: str) -> str:
    """Return the digest by which a pasted address finds a stored link; empty when it is no address.

    Scheme, the host's case, the usual port, a trailing slash, the order of the query and what trackers add
    make no difference; of the fragment only a route counts (``#/…``, as single-page applications have them).
    """
    parts = _split(link)
    if parts is None or not parts.hostname:
        return ""
    port = f":{parts.port}" if parts.port not in (None, _USUAL_PORTS[parts.scheme.lower()]) else ""
    query = urlencode(sorted(_query(parts)))
    route = parts.fragment.rstrip("/") if parts.fragment.startswith(("/", "!/")) else ""
    plain = f"{parts.hostname}{port}{parts.path.rstrip('/')}?{query}#{route}"
    return hashlib.sha256(plain.encode()).hexdigest()


def ids_in(link: str) -> tuple[str, ...]:
    """Return what in an address may be a resource's id, the likeliest first: values of the query, then the path."""
    parts = _split(link)
    if parts is None:
        return ()
    route = parts.fragment.partition("?")
    in_query = [value for _name, value in [*_query(parts), *parse_qsl(route[2])]]
    in_path = [*reversed(parts.path.split("/")), *reversed(route[0].split("/"))]
    found = [each for each in [*in_query, *in_path] if _ID.fullmatch(each)]
    return tuple(dict.fromkeys(found))[:MOST_IDS]


def _query(parts: SplitResult) -> list[tuple[str, str]]:
    found = parse_qsl(parts.query, keep_blank_values=True)
    return [(name, value) for name, value in found if not _PASSING.fullmatch(name)]


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text.strip())
        _ = parts.port  # raises where it is no number
    except ValueError:
        return None
    return parts if parts.scheme.lower() in _USUAL_PORTS else None
