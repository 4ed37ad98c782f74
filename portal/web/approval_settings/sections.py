"""The sections of the Approval Settings page: what they show, alone or all together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from flask import Response, url_for
from flask_babel import gettext

from portal.models import ApprovalSettings
from portal.services.dingtalk_app import BindingView
from portal.services.events.callback_diagnosis import Refusals
from portal.services.events.stream_connections import StreamReport
from portal.services.faults import FieldFault, Problem
from portal.services.registry import services
from portal.services.requests.kinds_meaning import kinds_meaning
from portal.services.templates.kept_mapping import options_to_choose
from portal.web.approval_settings.default_approvers_form import DefaultApproversForm
from portal.web.approval_settings.dingtalk_app_form import DingTalkAppForm
from portal.web.approval_settings.event_road_form import EventRoadForm
from portal.web.approval_settings.flow_view import flow_view
from portal.web.approval_settings.next_step import Achieved, next_step, steps_done
from portal.web.approval_settings.notices_form import NoticesForm
from portal.web.approval_settings.quickbi_form import QuickBIFields
from portal.web.approval_settings.quota_form import QuotaForm
from portal.web.approval_settings.request_rules_form import RequestRulesForm
from portal.web.approval_settings.subscription import to_copy
from portal.web.approval_settings.switches_form import SwitchesForm
from portal.web.approval_settings.webhook_log import webhook_context
from portal.web.htmx import render, wants_partial
from portal.web.people.picker import NO_SEARCH
from portal.web.words.callbacks import finding_words, refusal_words
from portal.web.words.field_mapping import lacking_options_words
from portal.web.words.in_step import in_step_words
from portal.web.words.problems import problem_words


class Section(StrEnum):
    """Each is a partial of its own."""

    NEXT_STEP = "next_step"
    SWITCHES = "switches"
    APPROVAL_TEMPLATE = "approval_template"
    FLOW = "flow"
    DEFAULT_APPROVERS = "default_approvers"
    FALLBACK_APPROVER = "fallback_approver"
    REQUEST_RULES = "request_rules"
    DINGTALK_APP = "dingtalk_app"
    NOTICES = "notices"
    EVENT_ROAD = "event_road"
    SUBSCRIPTION = "subscription"
    IN_STEP = "in_step"
    CALLBACK_HEALTH = "callback_health"
    QUICKBI = "quickbi"
    WEBHOOK = "webhook"


# Seldom needed: the page fetches them once it is there.
LATER = frozenset(
    {
        Section.DEFAULT_APPROVERS,
        Section.REQUEST_RULES,
        Section.NOTICES,
        Section.QUICKBI,
        Section.WEBHOOK,
        Section.IN_STEP,
    }
)


def show_section(
    section: Section, *, status: int = 200, triggers: Sequence[str] = (), **changes: object
) -> Response:
    """Render one section for htmx, and the page around it for everybody else.

    Those of ``LATER`` are there at once only where they are asked for.
    ``changes`` replace what would be shown: a form with its errors, ``saved``, ``problem``.
    """
    shown = {section} if wants_partial() else {section} | set(Section) - LATER
    context = {**_context(shown), "saved": None, "problem": None, **changes}
    if Section.DEFAULT_APPROVERS in shown:
        form = changes.get("approvers_form") or DefaultApproversForm.of(
            services().approval_settings.current()
        )
        context |= default_approvers_shown(form)
    return render(
        "approval_settings/page.html",
        f"approval_settings/_{section}.html",
        status=status,
        triggers=triggers,
        **context,
    )


def problem_of(problem: Problem, *, section: Section) -> dict[str, Any]:
    """Return the context that shows ``problem`` inside its section."""
    return {"problem": problem_words(problem), "problem_section": section.value}


def page_address(section: Section) -> str:
    """Return the address of the page at one section."""
    show = section if section in LATER else None
    return url_for("approval_settings.page", show=show, _anchor=section.value.replace("_", "-"))


def whole_number(typed: str | None, *, field: str) -> int:
    """Read a hidden number; one that was tampered with is a fault of the field."""
    if typed and typed.isascii() and typed.isdecimal() and len(typed) < 10:
        return int(typed)
    raise FieldFault(field, "unknown")


def _context(shown: set[Section]) -> dict[str, object]:
    """Return what the shown sections need: one alone is drawn again far more often than the whole page."""
    portal = services()
    binding, settings = portal.dingtalk_apps.view(), portal.approval_settings.current()
    template = settings.template
    context: dict[str, object] = {
        "binding": binding,
        "settings": settings,
        "template": template,
        "designer_url": portal.templates.designer_url(template.process_code) if template else "",
        "bypass_acknowledged_by": portal.approval_settings.bypass_acknowledged_by(template),
        "to_copy": to_copy(template.process_code if template else None),
        "switches_form": SwitchesForm.of(settings),
        "app_form": DingTalkAppForm.of(binding),
        "fallback_search": NO_SEARCH,
    }
    if shown & {Section.NEXT_STEP, Section.APPROVAL_TEMPLATE}:
        to_choose = options_to_choose(template) if template else ()
        context |= {**_progress(binding, settings), "options_to_choose": lacking_options_words(to_choose)}
    if shown & {Section.NEXT_STEP, Section.FLOW}:
        context |= {"flow": flow_view(template) if template else None}
    if Section.REQUEST_RULES in shown:
        context |= {"rules_form": RequestRulesForm.of(settings)}
    if Section.IN_STEP in shown:
        context |= {"in_step": in_step_words(portal.in_step.report()), "quota_form": QuotaForm.of(settings)}
    if Section.QUICKBI in shown:
        quickbi = portal.quickbi_settings.view()
        context |= {"quickbi": quickbi, "quickbi_form": QuickBIFields.of(quickbi)}
    if Section.WEBHOOK in shown:
        context |= webhook_context()
    if Section.NOTICES in shown:
        latest = portal.work_notices.latest()
        context |= {"notices_form": NoticesForm.of(settings), "latest_notice": latest}
    if shown & {Section.EVENT_ROAD, Section.CALLBACK_HEALTH}:
        stream = portal.stream_connections.report()
        context |= {"road_form": EventRoadForm.of(settings), "stream": stream, **_health(stream)}
    return context


def default_approvers_shown(form: object) -> dict[str, object]:
    """Return what the section shows for its form: stored, or as it was just changed."""
    assert isinstance(form, DefaultApproversForm)  # noqa: S101  what its routes pass on
    return {"approvers_form": form, "meaning": kinds_meaning(services().clock, form.kinds)}


def _progress(binding: BindingView, settings: ApprovalSettings) -> dict[str, object]:
    trials, template = services().trials, settings.template
    trial = trials.latest_of(template.id) if template else None
    achieved = Achieved(
        is_bound=binding.is_bound,
        is_enabled=settings.is_enabled,
        is_associated=template is not None and settings.is_dingtalk_channel_on,
        is_tested=trial is not None,
        is_proved=template is not None and trial is not None and trials.has_proved_the_loop(template.id),
        is_decided_here=settings.is_in_platform_channel_on and not settings.is_dingtalk_channel_on,
    )
    return {
        "trial": trial,
        "step": next_step(achieved),
        "steps": steps_done(achieved),
        "step_names": _step_names(),
    }


def _health(stream: StreamReport) -> dict[str, object]:
    health = services().callback_diagnosis.health(stream=stream)
    return {
        "health": health,
        "finding": finding_words(health.finding),
        "refusals": [_refusal_row(each) for each in health.refusals],
    }


def _refusal_row(refusals: Refusals) -> tuple[str, int, datetime, str]:
    last_at = datetime.fromisoformat(refusals.last_at)
    return refusal_words(refusals.reason.value), refusals.count, last_at, refusals.last_address


def _step_names() -> dict[str, str]:
    return {
        "connect": gettext("Connect the DingTalk app"),
        "enable": gettext("Enable Approval Flow"),
        "associate": gettext("Associate Approval Template"),
        "test": gettext("Test"),
        "event": gettext("Start event received"),
    }
