"""Who has a say in an approval: expected by its flow, asked right now, or done; and who may look at it for that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from portal.models import Approval, ApprovalDecider
from portal.models.approval import DeciderState


@dataclass(frozen=True, kw_only=True)
class ExpectedDecider:
    """Somebody chosen or forecast at submission: by which node, and by which of its rules (``NodeRule``)."""

    user_id: str
    name: str
    node_name: str = ""
    rule: str = ""


def expect(session: Session, approval: Approval, people: Iterable[ExpectedDecider]) -> None:
    """Write in the caller's commit whom the flow will ask, in its order, in place of what was expected before.

    Those whom an instance has asked already stay as they are. Somebody named by two nodes is kept once.
    """
    named = {each.user_id: each for each in reversed(list(people)) if each.user_id}
    kept = {row.user_id: row for row in approval.deciders}
    for user_id, row in list(kept.items()):
        if row.state == DeciderState.EXPECTED and user_id not in named:
            approval.deciders.remove(row)
    position = max((row.position for row in approval.deciders), default=0)
    for each in reversed(named.values()):
        known = kept.get(each.user_id)
        if known is not None and known.state != DeciderState.EXPECTED:
            continue
        position += 1
        row = known or ApprovalDecider(user_id=each.user_id, state=DeciderState.EXPECTED)
        row.position, row.person_name = position, each.name[:128]
        row.node_name, row.rule = each.node_name[:128], each.rule
        if known is None:
            approval.deciders.append(row)
    session.flush()
