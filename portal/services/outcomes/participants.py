"""Whom a reading of an approval speaks of: people of the organisation, and user ids that are nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from portal.channels.approval_channel import Reading
from portal.channels.failures import ChannelError


@dataclass(frozen=True, kw_only=True)
class Participants:
    """``names`` are those of the people whom the portal knows, by user id.

    ``strangers`` are not in the directory; about ``unclear`` it gave no answer, and ``trouble`` says why.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    strangers: frozenset[str] = frozenset()
    unclear: frozenset[str] = frozenset()
    trouble: ChannelError | None = None

    def is_person(self, user_id: str) -> bool:
        """Whether this is a human being: a user id with ``_`` that the directory does not know is a placeholder."""
        return bool(user_id) and ("_" not in user_id or user_id in self.names)

    def name_of(self, user_id: str) -> str:
        """Return what somebody is called, empty for placeholders and those nobody knows."""
        return self.names.get(user_id, "")


def everybody_in(reading: Reading) -> set[str]:
    """Return the user ids that a reading speaks of."""
    acted = {user_id for record in reading.records for user_id in (record.user_id, *record.others)}
    return (acted | {turn.user_id for turn in reading.turns}) - {""}
