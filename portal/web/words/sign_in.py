"""Why a sign-in did not happen."""

from __future__ import annotations

from flask_babel import gettext


def refusal_sentence(reason: str) -> str:
    """Return the sentence for a refused sign-in."""
    sentences = {
        "stale": gettext("That sign-in was started in another window or too long ago. Please sign in again."),
        "declined": gettext("DingTalk did not sign you in. Please try again."),
        "other_organisation": gettext(
            "You signed in with another organisation. Choose the organisation that this portal belongs to."
        ),
        "external_contact": gettext("Only members of the organisation can sign in, not external contacts."),
        "not_active": gettext("You are no longer an active member of the organisation in DingTalk."),
    }
    return str(sentences[reason])
