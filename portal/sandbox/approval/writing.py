"""Making a template: the rules both the API and the administrator's page go through."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.sandbox.approval import flow
from portal.sandbox.approval.designing import default_flow as flow_to_begin_with
from portal.sandbox.clock import now_ms
from portal.sandbox.settings import DefaultFlow
from portal.sandbox.tables import Person, Template

MOST_TEMPLATES = 200
LONGEST_LABEL = 20


class TemplateRefused(Exception):
    """``problem`` is one of ``name_missing``, ``name_taken``, ``too_many``, ``fields``."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def new_template(
    session: Session,
    *,
    name: str,
    description: str,
    components: list[dict[str, Any]],
    default_flow: DefaultFlow,
) -> Template:
    """Add a published template with the default flow; raises ``TemplateRefused``."""
    if not name:
        raise TemplateRefused("name_missing")
    if session.scalar(select(Template).where(Template.name == name)) is not None:
        raise TemplateRefused("name_taken")
    count = session.scalar(select(func.count()).select_from(Template)) or 0
    if count >= MOST_TEMPLATES:
        raise TemplateRefused("too_many")
    administrator = session.scalar(select(Person).where(Person.is_admin).order_by(Person.position))
    template = Template(
        process_code=_process_code(),
        position=count,
        name=name,
        description=description,
        status="PUBLISHED",
        components=components,
        flow=flow.dump(flow_to_begin_with(default_flow)),
        creator_userid=administrator.userid if administrator else "",
        requester_may_withdraw=True,
        allows_countersigning=False,
        created_at=now_ms(),
        modified_at=now_ms(),
    )
    session.add(template)
    return template


def components_from_lines(text: str) -> list[dict[str, Any]]:
    """One field a line: ``Label``, ``Label*`` when required, ``Label: one, two`` for a choice.

    Raises ``TemplateRefused("fields")`` when there is none, or a label is longer than 20 characters.
    """
    components = [_component(line.strip(), number) for number, line in enumerate(text.splitlines(), 1)]
    found = [component for component in components if component is not None]
    if not found:
        raise TemplateRefused("fields")
    return found


def _component(line: str, number: int) -> dict[str, Any] | None:
    if not line:
        return None
    label, _colon, offered = line.replace("：", ":").partition(":")
    options = [option.strip() for option in offered.replace("，", ",").split(",") if option.strip()]
    required, label = label.strip().endswith("*"), label.strip().rstrip("*").strip()
    if not label or len(label) > LONGEST_LABEL:
        raise TemplateRefused("fields")
    kind = "DDSelectField" if options else "TextField"
    props: dict[str, Any] = {"componentId": f"{kind}-{number}", "label": label, "required": required}
    if options:
        props["options"] = [
            {"key": f"option_{index}", "value": option} for index, option in enumerate(options)
        ]
    return {"componentType": kind, "props": props}


def _process_code() -> str:
    parts = (secrets.token_hex(length).upper() for length in (4, 2, 2, 2, 6))
    return f"PROC-{'-'.join(parts)}"
