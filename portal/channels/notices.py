"""What a person is told by a work notice, in plain values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Notice:
    """``title`` and ``lines`` are plain text, also what people typed; the channel keeps it plain and short enough.

    ``address`` is the page that ``button`` opens.
    """

    user_id: str
    title: str
    lines: tuple[str, ...]
    button: str
    address: str
