"""What people did in an approval, as sentences."""

from __future__ import annotations

from collections.abc import Sequence

from babel.lists import format_list
from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from portal.channels.approval_channel import RecordKind
from portal.services.outcomes.approval_records import ToldRecord

# The look, the sentence, and the one for where it is not known whom else it is about.
_Words = tuple[str, LazyString, LazyString]


def _alone(look: str, sentence: LazyString) -> _Words:
    return look, sentence, sentence


_RECORDS: dict[RecordKind, _Words] = {
    RecordKind.SUBMITTED: _alone("success", _l("Started in DingTalk")),
    RecordKind.SUBMITTED_AGAIN: _alone("neutral", _l("%(who)s submitted it again")),
    RecordKind.AGREED: _alone("success", _l("%(who)s agreed")),
    RecordKind.REFUSED: _alone("danger", _l("%(who)s refused")),
    RecordKind.DEPUTY_AGREED: (
        "success",
        _l("%(who)s agreed in place of %(others)s"),
        _l("%(who)s agreed as a deputy"),
    ),
    RecordKind.DEPUTY_REFUSED: (
        "danger",
        _l("%(who)s refused in place of %(others)s"),
        _l("%(who)s refused as a deputy"),
    ),
    RecordKind.AUTOMATICALLY_AGREED: _alone("success", _l("DingTalk agreed automatically for %(who)s")),
    RecordKind.AUTOMATICALLY_REFUSED: _alone("danger", _l("DingTalk refused automatically for %(who)s")),
    RecordKind.RELEASED: (
        "neutral",
        _l("%(others)s need not decide any more: one decision was enough"),
        _l("Nobody else needs to decide there any more: one decision was enough"),
    ),
    RecordKind.HANDED_OVER: (
        "neutral",
        _l("%(who)s handed over to %(others)s"),
        _l("%(who)s handed over to somebody else"),
    ),
    RecordKind.COUNTERSIGN_BEFORE: (
        "neutral",
        _l("%(who)s asked %(others)s to countersign before deciding"),
        _l("%(who)s asked somebody to countersign before deciding"),
    ),
    RecordKind.COUNTERSIGN_AFTER: (
        "neutral",
        _l("%(who)s asked %(others)s to countersign afterwards"),
        _l("%(who)s asked somebody to countersign afterwards"),
    ),
    RecordKind.SENT_BACK: (
        "warning",
        _l("%(who)s sent it back to %(others)s"),
        _l("%(who)s sent it back"),
    ),
    RecordKind.COMMENTED: _alone("neutral", _l("%(who)s commented")),
    RecordKind.COPIED: ("neutral", _l("A copy went to %(others)s"), _l("A copy was sent")),
    RecordKind.WITHDRAWN: _alone("neutral", _l("%(who)s ended the approval")),
    RecordKind.FINISHED: _alone("neutral", _l("The approval was finished in DingTalk")),
    RecordKind.OTHER: _alone("neutral", _l("%(who)s did something else in DingTalk")),
}
_BY_NOBODY: dict[RecordKind, LazyString] = {
    RecordKind.AGREED: _l("Agreed automatically by DingTalk"),
    RecordKind.AUTOMATICALLY_AGREED: _l("Agreed automatically by DingTalk"),
    RecordKind.REFUSED: _l("Refused automatically by DingTalk"),
    RecordKind.AUTOMATICALLY_REFUSED: _l("Refused automatically by DingTalk"),
    RecordKind.WITHDRAWN: _l("The approval was ended in DingTalk"),
    RecordKind.OTHER: _l("Something else happened in DingTalk"),
}


def record_words(told: ToldRecord) -> tuple[str, str]:
    """Return the kind of timeline entry, and a sentence that says what happened."""
    look, sentence, without_others = _RECORDS[told.kind]
    if not told.others:
        sentence = without_others
    if told.is_by_nobody:
        sentence = _BY_NOBODY.get(told.kind, sentence)
    if told.kind == RecordKind.OTHER and told.label:
        return look, _labelled(told)
    who = told.who or gettext("Somebody")
    return look, str(sentence) % {"who": who, "others": name_list(told.others)}


def name_list(names: Sequence[str]) -> str:
    """Return people's names as they are listed within a sentence of the reader's language."""
    return str(format_list(list(names), locale=get_locale() or "en"))


def _labelled(told: ToldRecord) -> str:
    if told.is_by_nobody or not told.who:
        return str(gettext("DingTalk says: “%(label)s”", label=told.label))
    return str(gettext("%(who)s did what DingTalk calls “%(label)s”", who=told.who, label=told.label))
