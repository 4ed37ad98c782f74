"""Templates: found, made, changed, copied and deleted by the rules that API and administrator's pages share."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.sandbox.approval import designing, flow
from portal.sandbox.approval.flow import Node
from portal.sandbox.clock import now_ms
from portal.sandbox.settings import DefaultFlow
from portal.sandbox.tables import Person, Template

DELETED = "DELETED"
MOST_TEMPLATES = 200


class TemplateRefused(Exception):
    """``problem`` is ``name_missing``, ``name_taken``, ``too_many``, ``fields`` or ``field_in_condition``."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def find_template(session: Session, process_code: object) -> Template | None:
    """The template of ``process_code``; None also for one that was deleted."""
    found = session.get(Template, str(process_code or ""))
    return None if found is None or found.status == DELETED else found


def all_templates(session: Session) -> list[Template]:
    """Every template that is not deleted, in the order of creation."""
    living = select(Template).where(Template.status != DELETED)
    return list(session.scalars(living.order_by(Template.position)))


def template_named(session: Session, name: str) -> Template | None:
    """By exact name."""
    return session.scalar(select(Template).where(Template.status != DELETED, Template.name == name))


def new_template(
    session: Session,
    *,
    name: str,
    description: str,
    components: list[dict[str, Any]],
    default_flow: DefaultFlow,
) -> Template:
    """Add a published template with the default flow; raises ``TemplateRefused``."""
    nodes = flow.dump(designing.default_flow(default_flow))
    return _added(session, name=name, description=description, components=components, nodes=nodes)


def copy_template(session: Session, template: Template, *, name: str) -> Template:
    """Another template of the same form and flow; raises ``TemplateRefused``."""
    copied = _added(
        session,
        name=name,
        description=template.description,
        components=template.components,
        nodes=flow.dump(designing.rekeyed(flow.load(template.flow))),
    )
    copied.requester_may_withdraw = template.requester_may_withdraw
    copied.allows_countersigning = template.allows_countersigning
    return copied


def change_form(
    session: Session, template: Template, *, name: str, description: str, components: list[dict[str, Any]]
) -> None:
    """Give a template another name or form; raises ``TemplateRefused`` before anything is changed."""
    if not name:
        raise TemplateRefused("name_missing")
    if template_named(session, name) not in (None, template):
        raise TemplateRefused("name_taken")
    if _conditions(template) - {_identity(component) for component in components}:
        raise TemplateRefused("field_in_condition")
    template.name, template.description = name, description
    template.components, template.modified_at = components, now_ms()


def publish(template: Template, nodes: list[Node]) -> None:
    """Let requests take this flow from now on."""
    template.flow, template.draft, template.modified_at = flow.dump(nodes), None, now_ms()


def delete_template(template: Template) -> None:
    """Nothing starts with it any more; what runs goes on."""
    template.status, template.modified_at = DELETED, now_ms()


def _added(
    session: Session,
    *,
    name: str,
    description: str,
    components: list[dict[str, Any]],
    nodes: list[dict[str, Any]],
) -> Template:
    if not name:
        raise TemplateRefused("name_missing")
    if template_named(session, name) is not None:
        raise TemplateRefused("name_taken")
    if len(all_templates(session)) >= MOST_TEMPLATES:
        raise TemplateRefused("too_many")
    administrator = session.scalar(select(Person).where(Person.is_admin).order_by(Person.position))
    template = Template(
        process_code=_process_code(),
        position=session.scalar(select(func.count()).select_from(Template)) or 0,
        name=name,
        description=description,
        status="PUBLISHED",
        components=components,
        flow=nodes,
        creator_userid=administrator.userid if administrator else "",
        requester_may_withdraw=True,
        allows_countersigning=False,
        created_at=now_ms(),
        modified_at=now_ms(),
    )
    session.add(template)
    return template


def _conditions(template: Template) -> set[tuple[str, str]]:
    """Id and type of the fields that decide which way the flow goes: DingTalk lets nobody change these."""
    named = {name for node in template.flow for name in node.get("when", {})}
    fields = [(component, component["props"]) for component in template.components]
    used = [component for component, props in fields if {_id(component), props.get("label")} & named]
    return {_identity(component) for component in used}


def _identity(component: dict[str, Any]) -> tuple[str, str]:
    return _id(component), str(component.get("componentType"))


def _id(component: dict[str, Any]) -> str:
    return str(component["props"].get("componentId") or component["props"].get("bizAlias"))


def _process_code() -> str:
    parts = (secrets.token_hex(length).upper() for length in (4, 2, 2, 2, 6))
    return f"PROC-{'-'.join(parts)}"
