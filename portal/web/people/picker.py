"""Choosing a person: a search by name, also without JavaScript."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.channels.failures import ChannelError, Failure
from portal.services.registry import services

LONGEST_QUERY = 64


@dataclass(frozen=True, kw_only=True)
class PersonSearch:
    """What was searched for and who was found (as the directory tells), or why DingTalk could not say."""

    query: str
    people: Sequence[object] = ()
    failure: Failure | None = None


NO_SEARCH = PersonSearch(query="")


def search_of(arguments: Mapping[str, str]) -> PersonSearch:
    """Search for the ``q`` of a query string; a refusal of DingTalk's is part of the answer."""
    query = arguments.get("q", "").strip()[:LONGEST_QUERY]
    try:
        return PersonSearch(query=query, people=services().people.search(query))
    except ChannelError as error:
        return PersonSearch(query=query, failure=error.failure)
