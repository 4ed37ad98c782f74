"""Items of a request that the same people can decide about belong together: each group becomes one approval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Nobody can decide about these items; only a template's own flow still can.
UNDECIDED = "nobody"


@dataclass(frozen=True, kw_only=True)
class ItemGroup:
    """Places of items in the order in which they were asked for; ``key`` names the people in forms."""

    key: str
    places: tuple[int, ...]


def group_items(deciders: Sequence[Sequence[int]]) -> tuple[ItemGroup, ...]:
    """Return the items in groups, each item in one, in the order of each group's first.

    Args:
        deciders: for each item the ids of all who can decide about it, in any order; none where nobody can.
    """
    places: dict[str, list[int]] = {}
    for place, people in enumerate(deciders):
        key = "-".join(str(each) for each in sorted(set(people))) or UNDECIDED
        places.setdefault(key, []).append(place)
    return tuple(ItemGroup(key=key, places=tuple(each)) for key, each in places.items())
