"""One-click Generation: the official template, made once, found again, never touching somebody else's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.channels.dingtalk.connection import DingTalkConnection
from portal.channels.dingtalk.templates import DingTalkTemplates, TemplateForm
from portal.channels.failures import ChannelError
from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.models import ApprovalTemplate, Person
from portal.models.approval_template import TemplateSource
from portal.rules.official_form import OFFICIAL_FIELDS, OFFICIAL_NAMES
from portal.services.approval_settings import stored_settings
from portal.services.audit import Actor, record
from portal.services.faults import FieldFault, Problem, ProblemReason
from portal.services.templates.template_flow import confirm, initiator_department

CLAIM_LASTS = timedelta(seconds=60)
NAME_TAKEN = "template_name_taken"
LONGEST_NAME = 64
DESCRIPTIONS = {
    "en": "Access requests from the approval portal. Please keep its fields.",
    "zh": "来自审批门户的权限申请，请保留全部字段。",
}


@dataclass(frozen=True, kw_only=True)
class TemplateGeneration:
    """Generates the official template in the organisation of the bound app."""

    clock: Clock
    connection: DingTalkConnection
    templates: DingTalkTemplates

    def generate(
        self,
        actor: Actor,
        person: Person,
        *,
        name: str = OFFICIAL_NAMES[0],
        language: str = "en",
        may_update: bool = False,
    ) -> int:
        """Create the official template, or find the one made before, and return our row's id.

        Args:
            name: its name in DingTalk; a name in use by a template without our fields is never touched.
            language: ``en`` or ``zh``, the language of the labels.
            may_update: consent to bring an older form of ours up to date.

        Raises ``Problem`` (somebody else is generating, the name is taken, the form differs), ``FieldFault``
        for a bad name, ``ChannelError`` with DingTalk's refusal.
        """
        name = name.strip()
        if not 1 <= len(name) <= LONGEST_NAME:
            raise FieldFault("name", "name_length")
        user_id, department_id = initiator_department(person)
        corp_id = self.connection.binding().corp_id
        with self._claimed(actor):
            process_code = self._make_or_find(corp_id, name, language, may_update=may_update)
            form = self.templates.read(process_code)
            labels = tuple(field.label for field in form.fields)
            nodes = self.templates.flow(
                process_code, user_id=user_id, department_id=department_id, labels=labels
            )
            with transaction() as session:
                row = _row(session, corp_id, process_code)
                is_new = row is None
                row = row or ApprovalTemplate(
                    corp_id=corp_id,
                    process_code=process_code,
                    source=TemplateSource.OFFICIAL,
                    created_by_id=actor.person_id,
                    created_at=self.clock.now(),
                )
                row.name, row.language = form.name or name, language
                row.field_mapping = {each.name.value: each.labels[language] for each in OFFICIAL_FIELDS}
                confirm(
                    session,
                    row,
                    fields=form.fields,
                    nodes=nodes,
                    bypass_accepted_by=None,
                    at=self.clock.now(),
                )
                session.add(row)
                session.flush()
                record(
                    session,
                    actor,
                    "approval_template.generated" if is_new else "approval_template.verified",
                    at=self.clock.now(),
                    subject=("approval_template", process_code),
                    after={"name": row.name, "mode": row.mode, "language": language},
                )
                return row.id

    def _make_or_find(self, corp_id: str, name: str, language: str, *, may_update: bool) -> str:
        existing = self._known(corp_id) or self._named(name)
        if existing is None:
            try:
                return self._save(name, language)
            except ChannelError as error:
                # Made meanwhile, by another portal or by our own call that got no answer in time.
                existing = self._named(name) if error.failure.kind == NAME_TAKEN else None
                if existing is None:
                    raise
        if existing.equals_official(language):
            return existing.process_code
        if not may_update:
            raise Problem(ProblemReason.FORM_DIFFERS, name=existing.name, **_differences(existing, language))
        return self._save(existing.name, language, process_code=existing.process_code)

    def _save(self, name: str, language: str, *, process_code: str | None = None) -> str:
        return self.templates.save_official(
            name=name, description=DESCRIPTIONS[language], language=language, process_code=process_code
        )

    def _known(self, corp_id: str) -> TemplateForm | None:
        """Return the template that we made before, if it still exists, whatever it is called now."""
        codes = db.session.scalars(
            select(ApprovalTemplate.process_code)
            .filter_by(corp_id=corp_id, source=TemplateSource.OFFICIAL)
            .order_by(ApprovalTemplate.id.desc())
        ).all()
        db.session.rollback()
        for code in codes:
            try:
                form = self.templates.read(code)
            except ChannelError as error:
                if error.failure.kind == "template_gone":
                    continue
                raise
            if form.is_ours and form.is_published:
                return form
        return None

    def _named(self, name: str) -> TemplateForm | None:
        code = self.templates.find_by_name(name)
        if code is None:
            return None
        form = self.templates.read(code)
        if not form.is_ours:
            raise Problem(ProblemReason.NAME_TAKEN, name=name)
        return form

    @contextmanager
    def _claimed(self, actor: Actor) -> Iterator[None]:
        """Let one admin generate at a time; a claim left behind by a crash runs out by itself."""
        until = self.clock.now() + CLAIM_LASTS
        with transaction() as session:
            settings = stored_settings(session, self.clock)
            claimed_until = settings.generation_claimed_until
            if claimed_until is not None and claimed_until > self.clock.now():
                raise Problem(ProblemReason.GENERATION_RUNNING, name=settings.generation_claimed_by or "")
            settings.generation_claimed_until, settings.generation_claimed_by = until, actor.name
        try:
            yield
        finally:
            with transaction() as session:
                settings = stored_settings(session, self.clock)
                # A claim that ran out meanwhile may be somebody else's by now.
                if settings.generation_claimed_until == until:
                    settings.generation_claimed_until = None


def _differences(form: TemplateForm, language: str) -> dict[str, str]:
    """Return the labels that an update would add and the ones it would take away."""
    theirs = {(field.component_id, field.label) for field in form.fields}
    ours = {(field.component_id, field.labels[language]) for field in OFFICIAL_FIELDS}
    return {
        "added": ", ".join(sorted(label for _, label in ours - theirs)),
        "removed": ", ".join(sorted(label for _, label in theirs - ours)),
    }


def _row(session: Session, corp_id: str, process_code: str) -> ApprovalTemplate | None:
    return session.scalar(select(ApprovalTemplate).filter_by(corp_id=corp_id, process_code=process_code))
