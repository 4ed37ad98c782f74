"""Approval templates in DingTalk: make the official one, find it again, read custom ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.channels.dingtalk.connection import DingTalkConnection, in_our_words
from portal.channels.dingtalk.flow import our_flow
from portal.channels.failures import OwnFailure, Retry, own_failure
from portal.dingtalk.forms import FormComponent, FormField, FormSchema
from portal.dingtalk.instances import FieldValue
from portal.dingtalk.loose_json import utc_from_iso
from portal.rules.flow_rules import Node
from portal.rules.official_form import NUMBER_COMPONENT_ID, OFFICIAL_FIELDS, FormFieldName
from portal.rules.template_field import FieldKind, TemplateField

_KINDS = {
    "TextField": FieldKind.LINE,
    "TextareaField": FieldKind.PARAGRAPH,
    "NumberField": FieldKind.NUMBER,
    "MoneyField": FieldKind.MONEY,
    "DDSelectField": FieldKind.CHOICE,
    "DDMultiSelectField": FieldKind.CHOICES,
    "DDDateField": FieldKind.DAY,
    "DDDateRangeField": FieldKind.PERIOD,
    "InnerContactField": FieldKind.PERSON,
    "DepartmentField": FieldKind.DEPARTMENT,
    "DDAttachment": FieldKind.ATTACHMENT,
    "DDPhotoField": FieldKind.ATTACHMENT,
    "TableField": FieldKind.TABLE,
    "DDTableField": FieldKind.TABLE,
}
# Texts and frames for people who read the form: nothing is submitted for them.
_NEVER_SUBMITTED = frozenset({"TextNote", "FieldGroup"})


@dataclass(frozen=True, kw_only=True)
class TemplateForm:
    """A template as it is in DingTalk now."""

    name: str
    process_code: str
    is_published: bool
    fields: tuple[TemplateField, ...]

    @property
    def is_ours(self) -> bool:
        """Whether the portal made it: known by the request-number component, never by name alone."""
        return any(field.component_id == NUMBER_COMPONENT_ID for field in self.fields)

    def equals_official(self, language: str) -> bool:
        """Whether fields and labels are exactly the official ones in ``language``."""
        return {(field.component_id, field.label) for field in self.fields} == {
            (field.component_id, field.labels[language]) for field in OFFICIAL_FIELDS
        }


@dataclass(frozen=True, kw_only=True)
class TemplateChoice:
    """A template that an admin may associate."""

    name: str
    process_code: str
    modified_at: datetime | None


class DingTalkTemplates:
    """Reads and writes templates. Every method may raise ``ChannelError``."""

    def __init__(self, connection: DingTalkConnection, *, oa_url: str) -> None:
        self._connection = connection
        self._oa_url = oa_url

    def save_official(
        self, *, name: str, description: str, language: str, process_code: str | None = None
    ) -> str:
        """Create the official template, or update ``process_code``; returns its process code."""
        client = self._connection.client()
        with in_our_words():
            return client.forms.save(
                name=name,
                description=description,
                components=_official_components(language),
                process_code=process_code,
            )

    def find_by_name(self, name: str) -> str | None:
        """Return the process code of the template of exactly this name."""
        client = self._connection.client()
        with in_our_words():
            return client.forms.find_process_code(name)

    def read(self, process_code: str) -> TemplateForm:
        """Read a template's form."""
        client = self._connection.client()
        with in_our_words():
            return _form(client.forms.read_schema(process_code))

    def add_fields(
        self,
        process_code: str,
        *,
        names: Collection[FormFieldName],
        language: str,
        options: Mapping[str, Sequence[str]],
    ) -> None:
        """Add official fields to a template, below what it has; its other fields stay as they are.

        ``options`` are texts to add, by component id, to fields of choice that it has.
        """
        client = self._connection.client()
        components = _official_components(language, names)
        with in_our_words():
            client.forms.add_fields(process_code, components, options=options)

    def manageable(self, user_id: str) -> tuple[TemplateChoice, ...]:
        """List the templates that this admin may manage in DingTalk."""
        client = self._connection.client()
        with in_our_words():
            found = client.forms.manageable(user_id)
        return tuple(
            TemplateChoice(
                name=each.name,
                process_code=each.process_code,
                modified_at=utc_from_iso(each.modified_at_text),
            )
            for each in found
        )

    def flow(
        self,
        process_code: str,
        *,
        user_id: str,
        department_id: int,
        labels: tuple[str, ...] = (),
        values: Mapping[str, str] | None = None,
    ) -> tuple[Node, ...]:
        """Forecast the flow for one initiator.

        ``values`` are samples by label, as each field takes them; text fields alone may be named in ``labels``.
        """
        samples = dict.fromkeys(labels, "-") if values is None else values
        client = self._connection.client()
        with in_our_words():
            forecast = client.instances.forecast(
                process_code=process_code,
                originator_user_id=user_id,
                department_id=department_id,
                values=tuple(FieldValue(label, text) for label, text in samples.items()),
            )
        if not forecast.is_success:
            raise own_failure(OwnFailure.FLOW_CHANGED, retry=Retry.RETRYABLE)
        return our_flow(forecast)

    def designer_url(self, process_code: str) -> str:
        """Return the address of DingTalk's designer for a template."""
        return f"{self._oa_url}/dingtalk/web/query/oaDesigner?from=oaAdminHomeWeb&processCode={process_code}"


def _official_components(
    language: str, names: Collection[FormFieldName] = frozenset(FormFieldName)
) -> tuple[FormComponent, ...]:
    return tuple(
        FormComponent(
            kind="TextareaField" if field.is_long else "TextField",
            component_id=field.component_id,
            label=field.labels[language],
            required=True,
        )
        for field in OFFICIAL_FIELDS
        if field.name in names
    )


def _form(schema: FormSchema) -> TemplateForm:
    return TemplateForm(
        name=schema.name,
        process_code=schema.process_code,
        is_published=schema.status == "PUBLISHED",
        fields=tuple(_field(field) for field in schema.fields if field.kind not in _NEVER_SUBMITTED),
    )


def _field(field: FormField) -> TemplateField:
    kind = _KINDS.get(field.kind, FieldKind.OTHER)
    return TemplateField(
        component_id=field.component_id,
        label=field.label,
        kind=FieldKind.DAY_AND_TIME if kind == FieldKind.DAY and field.asks_for_time else kind,
        is_required=field.required,
        options=field.options,
        longest=field.longest,
        is_in_table=field.is_nested,
    )
