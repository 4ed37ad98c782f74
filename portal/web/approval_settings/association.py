"""What the Associate Approval Template dialog shows at one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from flask import Response

from portal.channels.failures import Failure
from portal.models import ApprovalTemplate
from portal.models.approval_template import TemplateSource
from portal.rules.official_form import OFFICIAL_NAMES
from portal.services.faults import ProblemReason
from portal.services.registry import services
from portal.services.templates.custom_template import Choice
from portal.services.templates.template_extension import Extension
from portal.services.templates.template_matching import Matching
from portal.web.approval_settings.mapping_form import mapping_rows
from portal.web.errors import Problem as ProblemWords
from portal.web.htmx import render, retarget
from portal.web.words.field_mapping import field_kind, lacking_options_words, unfilled_remedy
from portal.web.words.flow import node_words, verdict_words
from portal.web.words.flow_reasons import reasons_words
from portal.web.words.form_fields import form_field_name


@dataclass(frozen=True, kw_only=True)
class Association:
    """The state of the dialog: what was chosen, what was made or matched, and what went wrong."""

    source: TemplateSource = TemplateSource.OFFICIAL
    name: str = OFFICIAL_NAMES[0]
    language: str = "en"
    generated_id: int | None = None
    choices: Sequence[Choice] = ()
    query: str = ""
    process_code: str = ""
    matching: Matching | None = None
    is_redrawn: bool = False
    is_refused: bool = False
    accepts: Sequence[str] = ()
    extension: Extension | None = None
    fault: str = ""
    failure: Failure | None = None
    problem: ProblemWords | None = None
    problem_reason: ProblemReason | None = None
    differences: Mapping[str, str] = field(default_factory=dict)

    def with_(self, **changes: Any) -> Self:
        """Return the same state with changes."""
        return replace(self, **changes)

    @property
    def accepts_bypass(self) -> bool:
        """Whether everybody was accepted who would be passed over now."""
        return self.matching is not None and set(self.matching.bypassed) <= set(self.accepts)

    @property
    def other_names(self) -> tuple[str, ...]:
        """Names to offer when the chosen one belongs to somebody else's template."""
        return tuple(each for each in OFFICIAL_NAMES if each.casefold() != self.name.strip().casefold())


def show_association(association: Association, *, status: int = 200) -> Response:
    """Render the dialog, or the page that holds the same."""
    settings = services().approval_settings.current()
    matching, code = association.matching, association.process_code
    partial = "_template_mapping" if matching and association.is_redrawn else "_association"
    response = render(
        "approval_settings/association_page.html",
        f"approval_settings/{partial}.html",
        status=status,
        association=association,
        generated=_generated(association.generated_id),
        official_names=OFFICIAL_NAMES,
        version=settings.version,
        form_field_name=form_field_name,
        field_kind=field_kind,
        unfilled_remedy=unfilled_remedy,
        lacking_options=lacking_options_words(matching.addable_options or matching.lacking_options)
        if matching
        else (),
        mapping_rows=mapping_rows(matching) if matching else (),
        verdict=verdict_words(matching.verdict) if matching else None,
        nodes=[node_words(each) for each in matching.nodes] if matching else [],
        reasons=reasons_words(matching.verdict) if matching else (),
        designer_url=services().templates.designer_url(code) if code else "",
    )
    if association.is_redrawn and not matching:
        return retarget(response, selector="#association", reswap="outerHTML")
    return response


def _generated(template_id: int | None) -> ApprovalTemplate | None:
    return services().approval_settings.template(template_id) if template_id is not None else None
