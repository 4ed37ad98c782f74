"""Approval templates: make, change, read and find them (DingTalk calls them forms)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.dingtalk.failures import DingTalkError, FailureClass
from portal.dingtalk.form_schema import FormField, FormSchema, read_form_schema
from portal.dingtalk.form_writing import with_options, written_again
from portal.dingtalk.loose_json import Json, mapping, mappings, text, web_address, whole_number
from portal.dingtalk.operations import Operation
from portal.dingtalk.transport import Call, Transport

__all__ = ["FormComponent", "FormField", "FormSchema", "Forms", "ManageableTemplate", "VisibleTemplate"]

FORMS_PATH = "/v1.0/workflow/forms"
PAGE_SIZE = 100


@dataclass(frozen=True, kw_only=True)
class FormComponent:
    """A field to put into a template. ``kind`` is DingTalk's component type.

    ``label`` has at most 20 characters, ``component_id`` at most 64 and must stay the same between updates.
    """

    kind: str
    component_id: str
    label: str
    required: bool = False
    placeholder: str = ""
    options: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ManageableTemplate:
    """A template that somebody with OA admin rights may change."""

    name: str
    process_code: str
    icon_url: str | None
    modified_at_text: str


@dataclass(frozen=True, kw_only=True)
class VisibleTemplate:
    """A template that somebody may start."""

    name: str
    process_code: str
    icon_url: str | None


class Forms:
    """Approval templates of the organisation. Every method may raise ``DingTalkError``."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def save(
        self,
        *,
        name: str,
        description: str,
        components: Sequence[FormComponent],
        process_code: str | None = None,
    ) -> str:
        """Create a template, or replace all fields of ``process_code``, and return its process code.

        The flow, the visibility and the managers cannot be set by this call. Raises
        ``TEMPLATE_NAME_TAKEN``, ``TEMPLATE_LIMIT``, ``FORM_SCHEMA_REFUSED`` among others. After a time-out
        the template may have been made: look for it before saving again.

        Source: DingTalk, create-an-approval-form-template.
        """
        body: Json = {
            "name": name,
            "description": description,
            "formComponents": [_component(component) for component in components],
        }
        if process_code is not None:
            body["processCode"] = process_code
        operation = Operation.CREATE_TEMPLATE if process_code is None else Operation.UPDATE_TEMPLATE
        answer = self._transport.api(
            Call(
                operation=operation,
                method="POST",
                path=FORMS_PATH,
                expects="result.processCode",
                body=body,
            )
        )
        return text(mapping(answer["result"])["processCode"])

    def read_schema(self, process_code: str) -> FormSchema:
        """Read a template's fields; raises ``TEMPLATE_GONE`` (DingTalk: obtain-the-form-schema)."""
        return read_form_schema(self._schema(process_code), process_code=process_code)

    def add_fields(
        self,
        process_code: str,
        components: Sequence[FormComponent],
        *,
        options: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Put ``components`` below the fields that a template has, and ``options``, by component id, into those.

        What a list of components lacks is removed, so all of them are sent again as they are read. Raises
        ``TEMPLATE_GONE``, ``TEMPLATE_NOT_MANAGEABLE``, ``FORM_SCHEMA_REFUSED`` among others; after a time-out it
        may have been done. Source: DingTalk, create-an-approval-form-template.
        """
        schema = self._schema(process_code)
        content = mapping(schema.get("schemaContent"))
        body: Json = {
            "processCode": process_code,
            "name": text(schema.get("name")) or text(content.get("title")),
            "description": text(schema.get("memo")),
            "formComponents": [
                *with_options(written_again(mappings(content.get("items"))), options or {}),
                *(_component(component) for component in components),
            ],
        }
        self._transport.api(
            Call(
                operation=Operation.UPDATE_TEMPLATE,
                method="POST",
                path=FORMS_PATH,
                expects="result.processCode",
                body=body,
            )
        )

    def find_process_code(self, name: str) -> str | None:
        """Return the process code of the template with exactly this name (at most 64 characters), or None.

        Source: DingTalk, obtain-the-template-code.
        """
        try:
            answer = self._transport.api(
                Call(
                    operation=Operation.FIND_PROCESS_CODE,
                    method="GET",
                    path="/v1.0/workflow/processCentres/schemaNames/processCodes",
                    expects="result.processCode",
                    query={"name": name},
                )
            )
        except DingTalkError as error:
            if error.failure is FailureClass.TEMPLATE_GONE:
                return None
            raise
        return text(mapping(answer["result"])["processCode"])

    def manageable(self, user_id: str) -> tuple[ManageableTemplate, ...]:
        """List the templates that this person, who needs OA admin rights, may manage.

        Source: DingTalk, get-all-manageable-forms-for-the-current-enterprise.
        """
        answer = self._transport.api(
            Call(
                operation=Operation.MANAGEABLE_TEMPLATES,
                method="GET",
                path="/v1.0/workflow/processes/managements/templates",
                expects="result",
                query={"userId": user_id},
            )
        )
        return tuple(
            ManageableTemplate(
                name=text(entry.get("flowTitle")),
                process_code=text(entry.get("processCode")),
                icon_url=web_address(entry.get("iconUrl")),
                modified_at_text=text(entry.get("gmtModified")),
            )
            for entry in mappings(answer["result"])
        )

    def visible(self, user_id: str | None = None) -> tuple[VisibleTemplate, ...]:
        """List the templates that this person may start; without a person, all of the organisation.

        Source: DingTalk, obtains-a-list-of-approval-forms-visible-to-the-specified.
        """
        found: list[VisibleTemplate] = []
        next_token: int | None = 0
        while next_token is not None:
            page = self._visible_page(user_id=user_id, next_token=next_token)
            found += [
                VisibleTemplate(
                    name=text(entry.get("name")),
                    process_code=text(entry.get("processCode")),
                    icon_url=web_address(entry.get("iconUrl")),
                )
                for entry in mappings(page.get("processList"))
            ]
            following = whole_number(page.get("nextToken")) or 0
            next_token = following if following > next_token else None
        return tuple(found)

    def _schema(self, process_code: str) -> Json:
        answer = self._transport.api(
            Call(
                operation=Operation.READ_SCHEMA,
                method="GET",
                path=f"{FORMS_PATH}/schemas/processCodes",
                expects="result",
                query={"processCode": process_code},
            )
        )
        return mapping(answer["result"])

    def _visible_page(self, *, user_id: str | None, next_token: int) -> Json:
        query = {"maxResults": str(PAGE_SIZE), "nextToken": str(next_token)}
        if user_id is not None:
            query["userId"] = user_id
        answer = self._transport.api(
            Call(
                operation=Operation.VISIBLE_TEMPLATES,
                method="GET",
                path="/v1.0/workflow/processes/userVisibilities/templates",
                expects="result",
                query=query,
            )
        )
        return mapping(answer["result"])


def _component(component: FormComponent) -> Json:
    props: Json = {
        "componentId": component.component_id,
        "label": component.label,
        "required": component.required,
    }
    if component.placeholder:
        props["placeholder"] = component.placeholder
    if component.options:
        props["options"] = [
            {"key": f"option_{index}", "value": value} for index, value in enumerate(component.options)
        ]
    return {"componentType": component.kind, "props": props}
