"""Going back to a page of the sandbox, and never to somebody else's."""

from __future__ import annotations


def own_path(path: str | None, *, otherwise: str) -> str:
    """``path`` when it is a plain path on this server, else ``otherwise``."""
    if path and path.startswith("/") and not path.startswith("//") and "\\" not in path:
        return path
    return otherwise
