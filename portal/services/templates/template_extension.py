"""Adds fields of ours to a template that the portal made, and tells what that did to its flow."""

from __future__ import annotations

from dataclasses import dataclass

from portal.channels.dingtalk.templates import DingTalkTemplates
from portal.clock import Clock
from portal.database import transaction
from portal.models import Person
from portal.rules.flow_rules import Node
from portal.services.audit import Actor, record
from portal.services.faults import Problem, ProblemReason
from portal.services.templates.custom_template import CustomTemplates


@dataclass(frozen=True, kw_only=True)
class Extension:
    """The labels that were added, and the flow's nodes before and after that."""

    labels: tuple[str, ...]
    before: tuple[Node, ...]
    after: tuple[Node, ...]

    @property
    def has_changed_flow(self) -> bool:
        """Whether the flow is another one now; new ids and keys alone do not make it one."""
        return [_told_apart(each) for each in self.before] != [_told_apart(each) for each in self.after]


@dataclass(frozen=True, kw_only=True)
class TemplateExtension:
    """Changes templates that are the portal's own, never others."""

    clock: Clock
    templates: DingTalkTemplates
    custom_templates: CustomTemplates

    def add_missing_fields(self, actor: Actor, person: Person, *, process_code: str) -> Extension:
        """Add every field of ours that the template lacks; its other fields stay as they are.

        Raises ``Problem(NOTHING_TO_ADD)`` for templates that the portal did not make or that lack nothing, and
        ``ChannelError`` with DingTalk's refusal. It is not documented whether an update keeps the flow, so the
        flow is forecast before and after.
        """
        before = self.custom_templates.match(person, process_code)
        if not before.addable:
            raise Problem(ProblemReason.NOTHING_TO_ADD, name=before.form.name)
        self.templates.add_fields(process_code, names=before.addable, language=before.language)
        with transaction() as session:
            record(
                session,
                actor,
                "approval_template.fields_added",
                at=self.clock.now(),
                subject=("approval_template", process_code),
                before={"flow": [each.name for each in before.nodes]},
                after={"fields": [each.value for each in before.addable]},
            )
        after = self.custom_templates.match(person, process_code)
        labels = {each.label for each in before.form.fields}
        return Extension(
            labels=tuple(each.label for each in after.form.fields if each.label not in labels),
            before=before.nodes,
            after=after.nodes,
        )


def _told_apart(node: Node) -> tuple[object, ...]:
    people = tuple(sorted(each.user_id for each in node.people))
    return node.name, node.task, node.rule, node.mode, node.is_required, node.allows_several, people
