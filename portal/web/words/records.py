"""What people did in an approval, in people's words."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from portal.channels.approval_channel import RecordKind

_RECORDS = {
    RecordKind.SUBMITTED: ("success", _l("Started in DingTalk")),
    RecordKind.AGREED: ("success", _l("Agreed")),
    RecordKind.REFUSED: ("danger", _l("Refused")),
    RecordKind.HANDED_OVER: ("neutral", _l("Handed over to somebody else")),
    RecordKind.COUNTERSIGN_BEFORE: ("neutral", _l("Asked somebody else to sign first")),
    RecordKind.COUNTERSIGN_AFTER: ("neutral", _l("Asked somebody else to sign afterwards")),
    RecordKind.SENT_BACK: ("warning", _l("Sent back")),
    RecordKind.COMMENTED: ("neutral", _l("Commented")),
    RecordKind.COPIED: ("neutral", _l("Copied to somebody")),
    RecordKind.WITHDRAWN: ("neutral", _l("Ended")),
    RecordKind.OTHER: ("neutral", _l("Did something else in DingTalk")),
}


def record_words(kind: str) -> tuple[str, str]:
    """Return the kind of timeline entry and the words for what somebody did."""
    entry_kind, title = _RECORDS[RecordKind(kind)]
    return entry_kind, str(title)
