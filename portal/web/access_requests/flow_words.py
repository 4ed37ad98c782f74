"""A flow in the requester's words: who decides besides those they choose, and why."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from portal.rules.flow_rules import Certainty, Node, NodeMode, NodeRule
from portal.web.errors import Problem as ProblemWords

_RULES = {
    NodeRule.SPECIFIED_MEMBERS: _l("Named in the approval flow."),
    NodeRule.DIRECT_SUPERVISOR: _l("Your direct supervisor in DingTalk."),
    NodeRule.DEPARTMENT_HEAD: _l("Heads your department."),
    NodeRule.HEAD_OF_FORM_DEPARTMENT: _l("Heads the department of the form."),
    NodeRule.INITIATOR: _l("The flow asks the requester too; that alone never counts as an approval."),
    NodeRule.ROLE: _l("Holds a role that the approval flow asks for."),
    NodeRule.ROLE_IN_LEVELS: _l("Holds a role that the approval flow asks for."),
    NodeRule.CONSECUTIVE_SUPERVISORS: _l("Your supervisors in DingTalk, level by level."),
}
_PROBABLY_THE_SUPERVISOR = _l("Found by DingTalk for your request, probably as your direct supervisor.")
_BY_DINGTALK = _l("Found by DingTalk for your request.")
_MODES = {
    NodeMode.ALL: _l("All of them must agree."),
    NodeMode.ANY: _l("One of them is enough."),
    NodeMode.ONE_BY_ONE: _l("They are asked one after the other."),
}


@dataclass(frozen=True, kw_only=True)
class NodeLine:
    """One node that the requester has no say in."""

    name: str
    people: tuple[str, ...]
    why: str
    mode: str


def line_of(node: Node) -> NodeLine:
    """Return what a requester is told about a node."""
    return NodeLine(
        name=node.name,
        people=tuple(each.name for each in node.people),
        why=_why(node),
        mode=str(_MODES[node.mode]) if node.mode and len(node.people) > 1 else "",
    )


def _why(node: Node) -> str:
    if node.certainty != Certainty.CONSISTENT_WITH:
        return str(_RULES.get(node.rule, _BY_DINGTALK))
    is_probable = node.rule == NodeRule.DIRECT_SUPERVISOR
    return str(_PROBABLY_THE_SUPERVISOR if is_probable else _BY_DINGTALK)


def mode_words(node: Node) -> str:
    """Return how several people chosen at a node decide, empty where DingTalk does not say."""
    return str(_MODES[node.mode]) if node.mode and node.allows_several else ""


def missing_people(node: Node) -> ProblemWords:
    """Return the warning about a node for which DingTalk found nobody."""
    reason = gettext(
        "Depending on how the flow is set up, DingTalk then skips this step or hands it to an OA administrator."
    )
    if node.rule == NodeRule.DIRECT_SUPERVISOR:
        return ProblemWords(
            title=gettext("You have no direct supervisor in DingTalk: “%(node)s” has nobody", node=node.name),
            reason=reason,
            next_step=gettext(
                "If you have a supervisor, let a DingTalk administrator enter them in the contacts, then load this "
                "page again. You can also send the request as it is."
            ),
        )
    return ProblemWords(
        title=gettext("DingTalk found nobody for “%(node)s”", node=node.name),
        reason=reason,
        next_step=gettext(
            "If this should be your supervisor, ask a DingTalk administrator whether one is filled in in the "
            "contacts; else tell an organization admin. You can also send the request as it is."
        ),
    )
