"""Choosing a person: a search by name, also without JavaScript."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.channels.failures import ChannelError, Failure
from portal.models import Person
from portal.services.people import LOCAL
from portal.services.registry import services

LONGEST_QUERY = 64


@dataclass(frozen=True, kw_only=True)
class PersonSearch:
    """What was searched for and who was found (as the directory tells), or why DingTalk could not say."""

    query: str
    people: Sequence[object] = ()
    failure: Failure | None = None


@dataclass(frozen=True, kw_only=True)
class FoundLocally:
    """Somebody with a local sign-in, in the shape in which the directory tells of people."""

    user_id: str
    name: str


NO_SEARCH = PersonSearch(query="")


def search_of(arguments: Mapping[str, str], *, with_local: bool = False) -> PersonSearch:
    """Search for the ``q`` of a query string; a refusal of DingTalk's is part of the answer.

    ``with_local`` also finds people whom DingTalk does not know, and then DingTalk may be missing altogether.
    """
    query = arguments.get("q", "").replace("\x00", "").strip()[:LONGEST_QUERY]
    found = _found_locally(query) if with_local and query else []
    if with_local and not services().dingtalk_apps.view().is_bound:
        return PersonSearch(query=query, people=found)
    try:
        return PersonSearch(query=query, people=[*services().people.search(query), *found])
    except ChannelError as error:
        return PersonSearch(query=query, people=found, failure=error.failure)


def reference_of(person: Person) -> str:
    """Return what a picker sends for somebody we know; ``People.remember`` takes it back."""
    return person.user_id or f"{LOCAL}{person.id}"


def _found_locally(query: str) -> list[FoundLocally]:
    people = services().known_people.local(query)
    return [FoundLocally(user_id=reference_of(person), name=person.name) for person in people]
