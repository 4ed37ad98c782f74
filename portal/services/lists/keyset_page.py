"""A page of a list, newest first, at a cost that does not grow with the list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.rules.request_number import LARGEST_ID
from portal.services.requests.request_conditions import Condition

# Where conditions meet that are common each and rare together, a page looks at this many rows and says so.
MOST_LOOKED_AT = 5_000


@dataclass(frozen=True, kw_only=True)
class KeysetPage:
    """Ids of one page. ``older_than`` is where the next begins, None at the end; ``is_cut``: enough was looked at."""

    ids: tuple[int, ...]
    older_than: int | None
    is_cut: bool


def page_of_ids(
    session: Session,
    conditions: Sequence[Condition],
    *,
    older_than: int | None,
    rows: int,
    anything: Condition,
) -> KeysetPage:
    """Return up to ``rows`` ids that all ``conditions`` hold for; ``anything`` holds for every row of the table."""
    before = min(LARGEST_ID if older_than is None else older_than, LARGEST_ID)
    conditions = conditions or [anything]
    lead, back_to = lead_of(session, conditions, before=before, rows=rows, anything=anything)
    found = session.scalars(
        select(anything.root)
        .where(lead.between(before=before, back_to=back_to), *(each.holds for each in conditions))
        .order_by(anything.root.desc())
        .limit(rows + 1)
    ).all()
    if len(found) > rows:
        return KeysetPage(ids=tuple(found[:rows]), older_than=found[rows - 1], is_cut=False)
    return KeysetPage(ids=tuple(found), older_than=back_to or None, is_cut=bool(back_to))


def lead_of(
    session: Session, conditions: Sequence[Condition], *, before: int, rows: int, anything: Condition
) -> tuple[Condition, int]:
    """Choose the condition whose streams reach furthest back for the same work, and return how far (an id)."""
    leads = [each for each in conditions if each.streams] or [anything]
    is_all = len(conditions) == 1 and leads[0] is conditions[0] and leads[0].is_exact
    reaches = session.execute(
        select(
            *(
                each.reach(
                    before=before,
                    rows=rows + 1 if is_all else max(rows + 1, MOST_LOOKED_AT // each.width),
                )
                for each in leads
            )
        )
    ).one()
    reach, position = min((reach or 0, position) for position, reach in enumerate(reaches))
    return leads[position], reach
