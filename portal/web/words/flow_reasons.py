"""Why a flow is not good for more, and the clicks in DingTalk that mend it.

Source of the clicks: the product's help page, Configure the flow for the template.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from portal.rules.flow_rules import FlowReason, FlowVerdict, NodeRule, ReasonKind
from portal.web.words.flow import RULES


@dataclass(frozen=True, kw_only=True)
class ReasonWords:
    """A reason, and the clicks in DingTalk that mend it (empty where nothing has to be)."""

    sentence: str
    clicks: str


_EDIT_NODE = _(
    "In DingTalk open OA Approval, Admin Console, find the form and press Edit. Under Flow Design choose “%(node)s”, "
    "then Approver, take Specified Members, Selected by Initiator or Direct Supervisor, press Save and then Publish."
)
_ADD_CHOICE = _(
    "In DingTalk open OA Approval, Admin Console, find the form and press Edit. Under Flow Design add an Approver, "
    "choose Selected by Initiator, press Save and then Publish."
)
_REMOVE_BRANCHES = _(
    "In DingTalk open OA Approval, Admin Console, find the form and press Edit. Under Flow Design remove the "
    "branches, press Save and then Publish."
)
_WORDS: Mapping[ReasonKind, tuple[LazyString, LazyString | str]] = {
    ReasonKind.NO_CONCLUSION: (
        _("DingTalk could not work out the flow, so no conclusion can be drawn."),
        _(
            "Wait a moment and press Check again. If it stays: in DingTalk open OA Approval, Admin Console, find the "
            "form, press Edit, look at Flow Design, press Save and then Publish."
        ),
    ),
    ReasonKind.REFUSES_BY_ITSELF: (_("“%(node)s” refuses every request by itself."), _EDIT_NODE),
    ReasonKind.CHOICE_CANNOT_BE_FILLED: (
        _("“%(node)s” must be filled by the requester, but DingTalk gives no key to fill it with."),
        _EDIT_NODE,
    ),
    ReasonKind.NO_CHOICE: (
        _("The flow has no approver “Selected by Initiator”, which a full flow needs."),
        _ADD_CHOICE,
    ),
    ReasonKind.RULE_NOT_SUPPORTED: (
        _("“%(node)s” uses the rule “%(rule)s”, which is not supported."),
        _EDIT_NODE,
    ),
    ReasonKind.NO_APPROVERS: (
        _("The flow names no approvers, so the portal passes the one who decides."),
        _ADD_CHOICE,
    ),
    ReasonKind.NOBODY_FOUND: (
        _(
            "At “%(node)s” DingTalk found nobody. Depending on the node's settings it is skipped, or an OA "
            "administrator is asked instead."
        ),
        _(
            "In DingTalk's contacts fill in the direct supervisor of those who ask. Or open OA Approval, Admin "
            "Console, find the form and press Edit; under Flow Design choose “%(node)s”, then Approver, name people, "
            "press Save and then Publish."
        ),
    ),
    ReasonKind.AGREES_BY_ITSELF: (_("“%(node)s” agrees by itself: nobody is asked there."), ""),
}
_BRANCHES: Mapping[NodeRule, LazyString] = {
    NodeRule.CONDITION: _("The flow takes different ways by conditions, which is not supported."),
    NodeRule.PARALLEL: _("Parts of the flow run side by side, which is not supported."),
}


def reasons_words(verdict: FlowVerdict) -> tuple[ReasonWords, ...]:
    """Return everything that speaks against a full flow, or is worth knowing, and how to mend it."""
    return tuple(_reason(reason) for reason in verdict.reasons)


def _reason(reason: FlowReason) -> ReasonWords:
    node = reason.node
    if node is not None and node.rule in _BRANCHES:
        return ReasonWords(sentence=str(_BRANCHES[node.rule]), clicks=str(_REMOVE_BRANCHES))
    if node is None:
        return ReasonWords(sentence=str(_WORDS[reason.kind][0]), clicks=str(_WORDS[reason.kind][1]))
    rule = node.told if node.rule == NodeRule.UNKNOWN and node.told else str(RULES[node.rule])
    sentence, clicks = (
        str(words).replace("%(node)s", node.name or str(RULES[node.rule])).replace("%(rule)s", rule)
        for words in _WORDS[reason.kind]
    )
    return ReasonWords(sentence=sentence, clicks=clicks)
