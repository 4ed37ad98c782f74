"""What DingTalk sent, written so that a person can read and copy it."""

from __future__ import annotations

import json
import re
from contextlib import suppress

# They would turn the direction of the text around them, or hide in it: shown as what they are.
_INVISIBLE = re.compile("[\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def readable_payload(payload: str) -> str:
    """Return a stored payload with a line for each of its fields; what is not JSON comes as it is."""
    with suppress(ValueError, RecursionError):
        payload = json.dumps(json.loads(payload), ensure_ascii=False, indent=2)
    visible = _INVISIBLE.sub(lambda found: f"\\u{ord(found[0]):04x}", payload).replace("\x00", "\\u0000")
    return visible.encode("utf-8", "backslashreplace").decode()
