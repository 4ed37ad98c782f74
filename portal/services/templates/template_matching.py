"""How a custom template fits: which field takes what, what is wrong with that, and what its flow is good for."""

from __future__ import annotations

from dataclasses import dataclass

from portal.channels.dingtalk.templates import TemplateForm
from portal.rules.field_mapping import FieldMapping, MappingFault, MappingFaultReason, takers
from portal.rules.flow_rules import FlowVerdict, Node, VerdictKind
from portal.rules.official_form import FormFieldName
from portal.rules.template_field import TemplateField
from portal.services.templates.template_preview import PreviewLine


@dataclass(frozen=True, kw_only=True)
class Matching:
    """How a template fits with one mapping: what goes where, what is wrong with it, and what its flow is good for.

    ``unfilled`` are required fields that nothing goes into; ``addable`` the fields of ours, and ``addable_options``
    the values whose options, the portal could add because the template is its own. ``is_bypass_accepted`` says
    that an admin accepted who is passed over.
    """

    form: TemplateForm
    mapping: FieldMapping
    language: str
    faults: tuple[MappingFault, ...]
    unfilled: tuple[TemplateField, ...]
    preview: tuple[PreviewLine, ...]
    addable: tuple[FormFieldName, ...]
    addable_options: tuple[MappingFault, ...]
    verdict: FlowVerdict
    nodes: tuple[Node, ...]
    is_bypass_accepted: bool = False

    @property
    def bypassed(self) -> tuple[str, ...]:
        """By name who would not be asked."""
        return self.verdict.bypassed

    @property
    def lacking_options(self) -> tuple[MappingFault, ...]:
        """The values of ours that a field of choice has no option for yet."""
        return tuple(each for each in self.faults if each.reason is MappingFaultReason.OPTION_MISSING)

    @property
    def can_be_mended_here(self) -> bool:
        """Whether another mapping could make it usable; otherwise the template itself has to change."""
        return (
            self.form.is_published
            and self.verdict.kind != VerdictKind.NOT_USABLE
            and all(each.is_fillable for each in self.unfilled)
            and bool(takers(FormFieldName.NUMBER, self.form.fields))
        )

    @property
    def is_usable(self) -> bool:
        """Whether requests can be started: without a number in it a lost answer could never be found again."""
        return (
            not self.faults
            and not self.unfilled
            and self.form.is_published
            and self.verdict.kind != VerdictKind.NOT_USABLE
        )
