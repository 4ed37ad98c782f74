"""For whom somebody asks: themselves, or a colleague found by name."""

from __future__ import annotations

from dataclasses import dataclass

from portal.channels.failures import ChannelError, Failure
from portal.models import Person
from portal.services.registry import services
from portal.services.requests.colleagues import Colleague

LONGEST_QUERY = 64


@dataclass(frozen=True, kw_only=True)
class ColleagueSearch:
    """What was searched for and who was found, or why DingTalk could not say."""

    query: str = ""
    found: tuple[Colleague, ...] = ()
    failure: Failure | None = None


def search_colleagues(requester: Person, query: str) -> ColleagueSearch:
    """Search by name; a refusal of DingTalk's is part of the answer."""
    query = query.replace("\x00", "").strip()[:LONGEST_QUERY]
    if not query:
        return ColleagueSearch()
    try:
        return ColleagueSearch(query=query, found=services().colleagues.find(requester, query))
    except ChannelError as error:
        return ColleagueSearch(query=query, failure=error.failure)
