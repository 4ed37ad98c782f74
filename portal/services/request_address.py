"""Where a request's own page is: for people, and for the form that carries it into DingTalk."""

from __future__ import annotations

import secrets


def request_address(public_url: str, number: str) -> str:
    """Return the address of a request's page."""
    return f"{public_url}/requests/{number}"


def address_in_form(public_url: str, number: str) -> str:
    """Return the address as a form in DingTalk carries it, with a mark that nobody can foresee.

    A start whose answer was lost is known again by **all** of its values. Without the mark somebody could start an
    approval of the same values by hand meanwhile, with an approver of their own, and have it taken for ours.
    """
    return f"{request_address(public_url, number)}?mark={secrets.token_urlsafe(9)}"
