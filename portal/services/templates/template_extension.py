"""Adds fields of ours, and options, to a template that the portal made, and tells what that did to its flow."""

from __future__ import annotations

from dataclasses import dataclass

from portal.channels.dingtalk.templates import DingTalkTemplates
from portal.clock import Clock
from portal.database import transaction
from portal.models import Person
from portal.rules.field_mapping import new_option
from portal.rules.flow_rules import Node
from portal.rules.template_field import TemplateField
from portal.services.audit import Actor, record
from portal.services.faults import Problem, ProblemReason
from portal.services.templates.custom_template import CustomTemplates
from portal.services.templates.template_matching import Matching


@dataclass(frozen=True, kw_only=True)
class Extension:
    """The labels that were added, the options with the labels of their fields, and the flow before and after that."""

    labels: tuple[str, ...]
    options: tuple[tuple[str, str], ...]
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
        """Add every field of ours that the template lacks, and every option; what else it has stays as it is.

        Raises ``Problem(NOTHING_TO_ADD)`` for templates that the portal did not make or that lack nothing, and
        ``ChannelError`` with DingTalk's refusal. It is not documented whether an update keeps the flow, so the
        flow is forecast before and after.
        """
        before = self.custom_templates.match(person, process_code)
        if not before.addable and not before.addable_options:
            raise Problem(ProblemReason.NOTHING_TO_ADD, name=before.form.name)
        options = _options_by_field(before)
        self.templates.add_fields(
            process_code,
            names=before.addable,
            language=before.language,
            options={field.component_id: texts for field, texts in options.items()},
        )
        with transaction() as session:
            record(
                session,
                actor,
                "approval_template.fields_added",
                at=self.clock.now(),
                subject=("approval_template", process_code),
                before={"flow": [each.name for each in before.nodes]},
                after={
                    "fields": [each.value for each in before.addable],
                    "options": {field.label: texts for field, texts in options.items()},
                },
            )
        after = self.custom_templates.match(person, process_code)
        labels = {each.label for each in before.form.fields}
        return Extension(
            labels=tuple(each.label for each in after.form.fields if each.label not in labels),
            options=tuple((text, field.label) for field, texts in options.items() for text in texts),
            before=before.nodes,
            after=after.nodes,
        )


def _options_by_field(matching: Matching) -> dict[TemplateField, list[str]]:
    texts: dict[TemplateField, list[str]] = {}
    for fault in matching.addable_options:
        taker = matching.mapping.taker(fault.name, matching.form.fields)
        assert taker is not None  # noqa: S101  options are missing only in a field that takes the value
        text = new_option(fault.name, fault.value, language=matching.language)
        texts.setdefault(taker, []).append(text)
    return texts


def _told_apart(node: Node) -> tuple[object, ...]:
    people = tuple(sorted(each.user_id for each in node.people))
    return node.name, node.task, node.rule, node.mode, node.is_required, node.allows_several, people
