"""A second instance of one approval, and what became of it, in people's words."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l

from portal.models.stray_instance import StrayState

_NEVER_COUNTS = _l("It never counts: whatever is decided there gives no access.")
_OPEN = (
    "warning",
    _l("DingTalk holds a second approval of this request"),
    (_NEVER_COUNTS, _l("The portal withdraws it by itself.")),
)
_WORDS = {
    StrayState.TWIN_WITHDRAWN: (
        "info",
        _l("A second approval of this request was withdrawn in DingTalk"),
        (
            _l("DingTalk held two for one start. The portal has withdrawn the second one; it never counts."),
            _l("Nothing needs to be done."),
        ),
    ),
    StrayState.TWIN_ENDED: (
        "info",
        _l("A second approval of this request has ended in DingTalk"),
        (_NEVER_COUNTS, _l("Nothing needs to be done.")),
    ),
    StrayState.TWIN_STAYS: (
        "warning",
        _l("A second approval of this request still runs in DingTalk"),
        (
            _NEVER_COUNTS,
            _l(
                "The portal may not withdraw it. The requester can withdraw it there, or the approver refuse it."
            ),
        ),
    ),
}


@dataclass(frozen=True, kw_only=True)
class TwinWords:
    """``kind`` selects the look of the notice."""

    kind: str
    title: str
    sentences: tuple[str, ...]


def twin_words(state: str) -> TwinWords:
    """Return what is told about a twin; states stored by another version read as one that is being withdrawn."""
    kind, title, sentences = _WORDS.get(StrayState(state), _OPEN) if state in set(StrayState) else _OPEN
    return TwinWords(kind=kind, title=str(title), sentences=tuple(str(each) for each in sentences))
