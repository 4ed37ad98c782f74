"""What work notices say: the same words for the same news, so that one sent twice arrives once."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import force_locale, gettext

from portal.channels.notices import Notice
from portal.models import AccessRequest, Person, RequestItem
from portal.services.names import entitlement_name
from portal.services.notices.notice_promises import NoticeKind

MOST_ITEMS = 3


def notice_about(
    request: AccessRequest,
    kind: NoticeKind,
    *,
    items: Sequence[RequestItem],
    person: Person,
    attempt: int,
    address: str,
) -> Notice:
    """Return the notice of ``kind`` about an approval, for its requester, in the request's language.

    ``items`` are those of the approval: of the request's others it says nothing. ``attempt`` is the try to start it
    that is told about; ``address`` the status page.
    """
    with force_locale(request.language):
        title, sentence = _words(kind, number=request.number)
        lines = [*asked_lines(items), sentence]
        if kind == NoticeKind.COULD_NOT_START and attempt > 1:
            lines.append(gettext("This was try %(attempt)s.", attempt=attempt))
        return Notice(
            user_id=person.user_id or "",
            title=title,
            lines=tuple(lines),
            button=gettext("Open the request"),
            address=address,
        )


def _words(kind: NoticeKind, *, number: str) -> tuple[str, str]:
    words = {
        NoticeKind.APPROVED: (
            gettext("Approved: %(number)s", number=number),
            gettext("Your access request was approved."),
        ),
        NoticeKind.REJECTED: (
            gettext("Rejected: %(number)s", number=number),
            gettext("Your access request was rejected. The request's page shows what was said."),
        ),
        NoticeKind.TERMINATED: (
            gettext("Ended: %(number)s", number=number),
            gettext("Somebody else ended the approval in DingTalk before it was decided. You can ask again."),
        ),
        NoticeKind.NEEDS_CHOICE: (
            gettext("Your choice is needed: %(number)s", number=number),
            gettext(
                "The approval flow or its people have changed. Choose again who approves; until then nobody is asked."
            ),
        ),
        NoticeKind.COULD_NOT_START: (
            gettext("Not started: %(number)s", number=number),
            gettext(
                "The approval could not be started, so nobody is asked. The request's page says what to do."
            ),
        ),
        NoticeKind.LAPSED: (
            gettext("Nobody decided: %(number)s", number=number),
            gettext("Nobody decided in time, so no access is given. You can ask again."),
        ),
    }
    return words[kind]


def asked_lines(items: Sequence[RequestItem]) -> list[str]:
    """Name what was asked for, one line each; names are other people's words and stay plain text."""
    named = [
        gettext(
            "%(resource)s: %(level)s", resource=item.resource.name, level=entitlement_name(item.entitlement)
        )
        for item in sorted(items, key=lambda each: each.id)[:MOST_ITEMS]
    ]
    left_out = len(items) - len(named)
    return [*named, gettext("… and %(count)s more", count=left_out)] if left_out > 0 else named
