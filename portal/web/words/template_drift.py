"""What has changed in a template since an admin confirmed it, as sentences."""

from __future__ import annotations

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from portal.rules.flow_drift import FlowChange, FlowChangeKind
from portal.rules.flow_rules import NodeMode, NodeRule, NodeTask
from portal.rules.form_drift import FormChange, FormChangeKind
from portal.rules.template_field import FieldKind, TemplateField
from portal.services.templates.template_report import Drift
from portal.web.words.field_mapping import field_kind
from portal.web.words.flow import MODES, RULES, TASKS, names_words


def drift_words(drift: Drift) -> tuple[str, ...]:
    """Return one sentence for each thing that is different; none when all is as confirmed."""
    gone = (gettext("The template was deleted in DingTalk."),) if drift.is_gone else ()
    disabled = (
        (gettext("The template is disabled or not published in DingTalk; nothing can be started with it."),)
        if drift.is_disabled
        else ()
    )
    return (
        *gone,
        *disabled,
        *(_form_change(each) for each in drift.form),
        *(_flow_change(each) for each in drift.flow),
    )


def _form_change(change: FormChange) -> str:
    label = change.label
    match change.kind:
        case FormChangeKind.FIELD_RENAMED:
            return gettext(
                "The field “%(label)s” is called “%(after)s” now.", label=label, after=change.after
            )
        case FormChangeKind.FIELD_REMOVED:
            return gettext("The field “%(label)s” was removed.", label=label)
        case FormChangeKind.TYPE_CHANGED:
            return gettext(
                "The field “%(label)s” is of another type: it was %(before)s and is %(after)s.",
                label=label,
                before=_kind(change.before),
                after=_kind(change.after),
            )
        case FormChangeKind.OPTION_REMOVED:
            return gettext(
                "The field “%(label)s” has no option “%(option)s” any more.",
                label=label,
                option=change.before,
            )
        case FormChangeKind.REQUIRED_UNFILLED:
            return gettext("The field “%(label)s” is required and the portal fills nothing in.", label=label)


def _flow_change(change: FlowChange) -> str:
    if change.kind in _SWAPPED:
        return _swapped(change)
    node = change.node or _rule(change)
    now = names_words(", ".join(change.after))
    match change.kind:
        case FlowChangeKind.NODE_ADDED if change.rule in (NodeRule.CONDITION, NodeRule.PARALLEL):
            return gettext("The flow branches now: %(rule)s.", rule=_rule(change))
        case FlowChangeKind.NODE_ADDED:
            return gettext(
                "“%(node)s” was added to the flow: %(people)s.", node=node, people=now or _rule(change)
            )
        case FlowChangeKind.NODE_REMOVED:
            return gettext("“%(node)s” was removed from the flow.", node=node)
        case FlowChangeKind.NODES_MOVED:
            return gettext("The order of the flow is another one now: %(order)s.", order=now)
        case FlowChangeKind.CHOICE_CHANGED:
            return _choice(node, change.after)
        case _:
            return gettext("The flow would pass these people over now: %(people)s.", people=now)


_SWAPPED = {
    FlowChangeKind.RULE_CHANGED: _("“%(node)s” has another rule: it was “%(before)s” and is “%(after)s”."),
    FlowChangeKind.TASK_CHANGED: _(
        "At “%(node)s” people do another thing: it was “%(before)s” and is “%(after)s”."
    ),
    FlowChangeKind.MODE_CHANGED: _(
        "How people decide at “%(node)s” was changed from “%(before)s” to “%(after)s”."
    ),
    FlowChangeKind.PEOPLE_CHANGED: _("Others are asked at “%(node)s”: it was %(before)s and is %(after)s."),
    FlowChangeKind.CANDIDATES_CHANGED: _(
        "Others may be chosen at “%(node)s”: it was %(before)s and is %(after)s."
    ),
}


def _swapped(change: FlowChange) -> str:
    node, before, after = (
        change.node or _rule(change),
        *(_side(change.kind, each) for each in (change.before, change.after)),
    )
    text = str(_SWAPPED[change.kind])
    return text.replace("%(node)s", node).replace("%(before)s", before).replace("%(after)s", after)


def _side(kind: FlowChangeKind, side: tuple[str, ...]) -> str:
    match kind:
        case FlowChangeKind.RULE_CHANGED:
            return str(RULES[NodeRule(side[0])])
        case FlowChangeKind.TASK_CHANGED:
            return str(TASKS[NodeTask(side[0])])
        case FlowChangeKind.MODE_CHANGED:
            return str(MODES[NodeMode(side[0])])
        case FlowChangeKind.CANDIDATES_CHANGED:
            return ", ".join(side) or gettext("anybody")
        case _:
            return ", ".join(side) or gettext("nobody")


def _choice(node: str, now: tuple[str, ...]) -> str:
    is_required, is_several = "required" in now, "several" in now
    if is_required and is_several:
        return gettext("At “%(node)s” requesters must choose now, and may choose several people.", node=node)
    if is_required:
        return gettext("At “%(node)s” requesters must choose exactly one person now.", node=node)
    if is_several:
        return gettext("At “%(node)s” requesters may choose nobody, one or several people now.", node=node)
    return gettext("At “%(node)s” requesters may choose nobody or one person now.", node=node)


def _rule(change: FlowChange) -> str:
    return str(RULES[change.rule]) if change.rule else ""


def _kind(kind: str) -> str:
    return field_kind(TemplateField(component_id="", label="", kind=FieldKind(kind)))
