"""Where the remedy of a line is: a section of the settings, or a page of DingTalk's."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app, url_for
from flask_babel import gettext

from portal.services.doctor.checks import CheckName, CheckState, Verdict
from portal.services.registry import services
from portal.settings import Settings
from portal.web.approval_settings.sections import Section, page_address
from portal.web.words.links import safe_link


@dataclass(frozen=True, kw_only=True)
class Link:
    """``is_outside`` leads away from the portal."""

    label: str
    url: str
    is_outside: bool = False


_APP = frozenset({CheckName.APP_BOUND, CheckName.CREDENTIALS, CheckName.AES_KEY, CheckName.CALLBACK_TOKEN})
_CONSOLE = frozenset(
    {
        CheckName.CREDENTIALS,
        CheckName.IP_ALLOWED,
        CheckName.FORM_READ,
        CheckName.FORM_WRITE,
        CheckName.INSTANCE_READ,
        CheckName.INSTANCE_WRITE,
        CheckName.MEMBERS,
        CheckName.MEMBER_SEARCH,
        CheckName.DEPARTMENTS,
        CheckName.DEPARTMENT_MEMBERS,
        CheckName.CONTACT_SCOPE,
        CheckName.AES_KEY,
        CheckName.CALLBACK_TOKEN,
        CheckName.CALLBACK_ADDRESS,
        CheckName.CHECK_URL,
        CheckName.REFUSED_CALLBACKS,
        CheckName.STREAM,
        CheckName.LAST_EVENT,
        CheckName.CALLS_USED,
        CheckName.PUSHES_USED,
    }
)
_SECTIONS = {
    CheckName.SWITCHES: Section.SWITCHES,
    CheckName.FALLBACK_APPROVER: Section.FALLBACK_APPROVER,
    CheckName.APPROVERS: Section.DEFAULT_APPROVERS,
    CheckName.CONTACT_SCOPE: Section.FALLBACK_APPROVER,
    CheckName.TEMPLATE: Section.APPROVAL_TEMPLATE,
    CheckName.TEMPLATE_FLOW: Section.FLOW,
    CheckName.TEMPLATE_FIELDS: Section.APPROVAL_TEMPLATE,
    CheckName.CALLBACK_ADDRESS: Section.SUBSCRIPTION,
    CheckName.CHECK_URL: Section.SUBSCRIPTION,
    CheckName.REFUSED_CALLBACKS: Section.CALLBACK_HEALTH,
    CheckName.LAST_EVENT: Section.CALLBACK_HEALTH,
    CheckName.CALLS_USED: Section.IN_STEP,
    CheckName.QUICKBI_KEY: Section.QUICKBI,
}
_DESIGNED = frozenset({CheckName.TEMPLATE, CheckName.TEMPLATE_FLOW, CheckName.TEMPLATE_FIELDS})


def links_of(name: CheckName, verdict: Verdict) -> list[Link]:
    """Return where to go for the remedy; nothing for lines without one."""
    if verdict.state not in (CheckState.FAILED, CheckState.WARNING):
        return []
    links: list[Link] = []
    if name in _APP:
        links.append(_inside(gettext("Approval Settings, DingTalk app"), page_address(Section.DINGTALK_APP)))
    if name in _SECTIONS:
        links.append(_inside(gettext("Approval Settings"), page_address(_SECTIONS[name])))
    if name is CheckName.EVENT_INBOX:
        links.append(_inside(gettext("Parked events"), url_for("approval_settings.parked_events.page")))
    apply_url = verdict.failure.apply_url if verdict.failure else None
    if apply_url:
        links.append(_outside(gettext("Switch it on in DingTalk's console"), apply_url))
    elif name in _CONSOLE:
        settings: Settings = current_app.config["PORTAL_SETTINGS"]
        links.append(_outside(gettext("DingTalk's developer console"), settings.dingtalk.console))
    if name in _DESIGNED:
        portal = services()
        template = portal.approval_settings.current().template
        if template is not None:
            url = portal.templates.designer_url(template.process_code)
            links.append(_outside(gettext("DingTalk's designer"), url))
    return [link for link in links if link.url]


def _inside(label: str, url: str) -> Link:
    return Link(label=label, url=url)


def _outside(label: str, url: str) -> Link:
    return Link(label=label, url=safe_link(url), is_outside=True)
