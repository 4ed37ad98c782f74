"""Custom templates: choose one that the admin manages in DingTalk and say which field takes which value of ours."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from portal.channels.dingtalk.connection import DingTalkConnection
from portal.channels.dingtalk.templates import DingTalkTemplates, TemplateChoice, TemplateForm
from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.models import ApprovalSettings, ApprovalTemplate, Person
from portal.models.approval_template import TemplateSource
from portal.rules.field_mapping import (
    FieldMapping,
    addable,
    addable_options,
    faults_of,
    unfilled,
)
from portal.rules.flow_rules import Node, judge_flow
from portal.services.approval_settings import stored_settings
from portal.services.audit import Actor, record
from portal.services.faults import FieldFault, Problem, ProblemReason
from portal.services.recently import Recently
from portal.services.templates.flow_rule_telling import FlowRuleTelling, Initiator
from portal.services.templates.kept_mapping import KeptMapping, language_of, starting_mapping, template_row
from portal.services.templates.template_flow import confirm, initiator_department
from portal.services.templates.template_matching import Matching
from portal.services.templates.template_preview import preview_of, sample_values

LISTED_SECONDS, FORM_SECONDS = 60, 300
LANGUAGES = ("en", "zh")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A template to choose from; ``is_in_use`` marks the one that requests are started with."""

    name: str
    process_code: str
    modified_at: datetime | None
    is_in_use: bool


@dataclass(frozen=True, kw_only=True)
class Form:
    """A template as it was read: its fields and its flow for one person."""

    form: TemplateForm
    nodes: tuple[Node, ...]


@dataclass(frozen=True, kw_only=True)
class CustomTemplates:
    """Reads custom templates and keeps the one an admin chose. ``public_url`` is the portal's own address."""

    clock: Clock
    connection: DingTalkConnection
    templates: DingTalkTemplates
    telling: FlowRuleTelling
    public_url: str
    listed: Recently[tuple[TemplateChoice, ...]] = field(
        default_factory=lambda: Recently(kept_seconds=LISTED_SECONDS)
    )
    forms: Recently[Form] = field(default_factory=lambda: Recently(kept_seconds=FORM_SECONDS))

    def choices(self, person: Person, *, query: str = "", afresh: bool = True) -> tuple[Choice, ...]:
        """List the templates this admin may manage in DingTalk, the latest changed first; raises ``ChannelError``.

        Args:
            query: a part of the name.
            afresh: whether to ask DingTalk again; a search that follows every key need not.
        """
        user_id, _ = initiator_department(person)
        key = (self.connection.binding().corp_id, user_id)
        read = self.listed.read_again if afresh else self.listed.read
        found = read(key, lambda: self.templates.manageable(user_id))
        in_use = self._in_use()
        wanted = query.strip().casefold()
        latest = sorted(found, key=lambda each: each.modified_at.timestamp() if each.modified_at else 0.0)
        return tuple(
            Choice(
                name=each.name,
                process_code=each.process_code,
                modified_at=each.modified_at,
                is_in_use=each.process_code == in_use,
            )
            for each in reversed(latest)
            if wanted in each.name.casefold()
        )

    def match(
        self,
        person: Person,
        process_code: str,
        *,
        mapping: FieldMapping | None = None,
        language: str | None = None,
        afresh: bool = True,
    ) -> Matching:
        """Say how a template fits with ``mapping``; raises ``ChannelError``, ``FieldFault`` and ``Problem``.

        Args:
            mapping: what an admin chose; without one what was kept before, else fields are matched by label.
            language: of the values, ``en`` or ``zh``; without one as kept before, else that of the labels.
            afresh: whether to read the template again; a form drawn again with another choice need not.
        """
        user_id, department_id = initiator_department(person)
        if not process_code:
            raise FieldFault("template", "unknown")
        kept = self._kept(process_code)
        corp_id = self.connection.binding().corp_id
        initiator = Initiator(corp_id=corp_id, user_id=user_id, department_id=department_id)
        read = self.forms.read_again if afresh else self.forms.read
        looked = read(
            (corp_id, user_id, process_code), lambda: self._read(process_code, initiator=initiator, kept=kept)
        )
        return self._matching(looked, kept, mapping=mapping, language=language)

    def keep(
        self,
        actor: Actor,
        person: Person,
        *,
        process_code: str,
        accepts: Collection[str],
        mapping: FieldMapping | None = None,
        language: str | None = None,
    ) -> int:
        """Keep a custom template for association and return our row's id.

        Raises ``Problem(FIELDS_MISSING)`` when it cannot carry a request, and ``Problem(BYPASS_NEEDS_CONSENT)``
        until ``accepts`` names everybody who would be passed over by the flow of now, which the admin may not
        have seen yet.
        """
        matching = self.match(person, process_code, mapping=mapping, language=language)
        if not matching.is_usable:
            raise Problem(ProblemReason.FIELDS_MISSING)
        if not set(matching.bypassed) <= set(accepts):
            raise Problem(ProblemReason.BYPASS_NEEDS_CONSENT, people=", ".join(matching.bypassed))
        corp_id = self.connection.binding().corp_id
        with transaction() as session:
            stored_settings(session, self.clock)  # locked: who keeps the same template just now takes turns
            row = template_row(session, corp_id=corp_id, process_code=process_code) or ApprovalTemplate(
                corp_id=corp_id,
                process_code=process_code,
                source=TemplateSource.CUSTOM,
                created_by_id=actor.person_id,
                created_at=self.clock.now(),
            )
            row.name, row.language = matching.form.name, matching.language
            row.field_mapping = {name.value: label for name, label in matching.mapping.fields.items()}
            row.option_mapping = {name.value: dict(each) for name, each in matching.mapping.options.items()}
            confirm(
                session,
                row,
                fields=matching.form.fields,
                nodes=matching.nodes,
                bypass_accepted_by=actor if matching.bypassed else None,
                at=self.clock.now(),
            )
            session.add(row)
            session.flush()
            record(
                session,
                actor,
                "approval_template.chosen",
                at=self.clock.now(),
                subject=("approval_template", process_code),
                after={
                    "name": row.name,
                    "mode": row.mode,
                    "fields": row.field_mapping,
                    "options": row.option_mapping,
                    "bypassed": list(matching.bypassed),
                },
            )
            return row.id

    def _read(self, process_code: str, *, initiator: Initiator, kept: KeptMapping | None) -> Form:
        form = self.templates.read(process_code)
        values = self._samples(form, starting_mapping(kept, form.fields), LANGUAGES[0])

        def forecast(initiator: Initiator) -> tuple[Node, ...]:
            return self.templates.flow(
                process_code,
                user_id=initiator.user_id,
                department_id=initiator.department_id,
                values=values,
            )

        nodes = self.telling.tell(process_code, forecast(initiator), initiator=initiator, forecast=forecast)
        return Form(form=form, nodes=nodes)

    def _matching(
        self, looked: Form, kept: KeptMapping | None, *, mapping: FieldMapping | None, language: str | None
    ) -> Matching:
        form = looked.form
        chosen = starting_mapping(kept, form.fields) if mapping is None else mapping
        mapping = chosen.with_matched_options(form.fields)
        if language not in LANGUAGES:
            language = kept.language if kept is not None else language_of(mapping)
        verdict = judge_flow(looked.nodes)
        is_ours = form.is_ours or (kept is not None and kept.is_made_here)
        return Matching(
            form=form,
            mapping=mapping,
            language=language,
            faults=faults_of(mapping, form.fields),
            unfilled=unfilled(mapping, form.fields),
            preview=preview_of(form.fields, mapping, self._samples(form, mapping, language)),
            addable=addable(mapping, form.fields) if is_ours else (),
            addable_options=addable_options(mapping, form.fields) if is_ours else (),
            verdict=verdict,
            nodes=looked.nodes,
            is_bypass_accepted=kept is not None and not verdict.beyond(kept.accepted),
        )

    def _samples(self, form: TemplateForm, mapping: FieldMapping, language: str) -> dict[str, str]:
        return sample_values(
            form.fields,
            mapping,
            language=language,
            public_url=self.public_url,
            today=self.clock.now().date(),
        )

    def _kept(self, process_code: str) -> KeptMapping | None:
        row = template_row(db.session(), corp_id=self.connection.binding().corp_id, process_code=process_code)
        kept = KeptMapping.of(row) if row is not None else None
        db.session.rollback()  # what follows is a call over the network
        return kept

    @staticmethod
    def _in_use() -> str | None:
        settings = db.session.get(ApprovalSettings, 1)
        return settings.template.process_code if settings and settings.template else None
