"""The doctor's lines in people's words: what is looked at, how it stands, what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString
from markupsafe import Markup, escape

from portal.channels.failures import Failure
from portal.services.doctor.checks import CheckName, CheckState, Verdict
from portal.services.doctor.findings import Found
from portal.services.events.callback_diagnosis import Finding
from portal.web.formatters import moment
from portal.web.words.callbacks import finding_words
from portal.web.words.doctor_dingtalk import DINGTALK_FINDINGS
from portal.web.words.doctor_portal import PORTAL_FINDINGS, Words
from portal.web.words.doctor_quickbi import QUICKBI_FINDINGS
from portal.web.words.failures import failure_words
from portal.web.words.flow import names_words

FINDINGS: dict[Found, Words] = PORTAL_FINDINGS | DINGTALK_FINDINGS | QUICKBI_FINDINGS

# The same diagnosis as on the settings page, in its words.
_DIAGNOSED = {
    Found.REFUSED_TOKEN: Finding.TOKEN_DIFFERS,
    Found.REFUSED_AES_KEY: Finding.AES_KEY_DIFFERS,
    Found.REFUSED_OWNER: Finding.OWNER_DIFFERS,
    Found.REFUSED_SECRETS: Finding.SECRETS_UNREADABLE,
    Found.REFUSED_STRANGERS: Finding.NOT_DINGTALK,
}

TITLES: dict[CheckName, LazyString] = {
    CheckName.DATABASE: _("Database"),
    CheckName.DISK_SPACE: _("Disk space"),
    CheckName.SECRET_KEY: _("Secret key"),
    CheckName.PUBLIC_URL: _("Public address"),
    CheckName.WORKER: _("Worker"),
    CheckName.EVENT_INBOX: _("Event inbox"),
    CheckName.API_ADDRESS: _("DingTalk's new API"),
    CheckName.OAPI_ADDRESS: _("DingTalk's old API"),
    CheckName.CLOCK: _("Clock"),
    CheckName.APP_BOUND: _("DingTalk app"),
    CheckName.CREDENTIALS: _("App key and app secret"),
    CheckName.IP_ALLOWED: _("List of allowed addresses"),
    CheckName.FORM_READ: _("Permission to read templates"),
    CheckName.FORM_WRITE: _("Permission to write templates"),
    CheckName.INSTANCE_READ: _("Permission to read approvals"),
    CheckName.INSTANCE_WRITE: _("Permission to start approvals"),
    CheckName.MEMBERS: _("Permission to read people"),
    CheckName.MEMBER_SEARCH: _("Permission to search people"),
    CheckName.DEPARTMENTS: _("Permission to read departments"),
    CheckName.DEPARTMENT_MEMBERS: _("Permission to read members of departments and roles"),
    CheckName.CONTACT_SCOPE: _("Contact scope"),
    CheckName.SWITCHES: _("Approval switches"),
    CheckName.FALLBACK_APPROVER: _("Fallback approver"),
    CheckName.APPROVERS: _("Every resource has somebody who decides"),
    CheckName.TEMPLATE: _("Approval template"),
    CheckName.TEMPLATE_FLOW: _("Flow of the template"),
    CheckName.TEMPLATE_FIELDS: _("Fields of the template"),
    CheckName.AES_KEY: _("Encryption aes_key"),
    CheckName.CALLBACK_TOKEN: _("Signature token"),
    CheckName.CALLBACK_ADDRESS: _("Callback address"),
    CheckName.CHECK_URL: _("DingTalk's check of the address"),
    CheckName.REFUSED_CALLBACKS: _("Refused callbacks"),
    CheckName.STREAM: _("Stream connection"),
    CheckName.LAST_EVENT: _("Last event"),
    CheckName.CALLS_USED: _("Calls to DingTalk"),
    CheckName.PUSHES_USED: _("Pushed events"),
    CheckName.QUICKBI_KEY: _("Access key of Quick BI"),
    CheckName.QUICKBI_SHARING: _("Workspaces let access be given"),
    CheckName.QUICKBI_PEOPLE: _("Quick BI knows people"),
}

_BADGES: dict[CheckState, tuple[str, LazyString]] = {
    CheckState.OK: ("success", _("Good")),
    CheckState.WARNING: ("warning", _("Attention")),
    CheckState.FAILED: ("danger", _("Broken")),
    CheckState.WAITING: ("neutral", _("Waits")),
    CheckState.NOT_APPLICABLE: ("neutral", _("Not used")),
}


@dataclass(frozen=True, kw_only=True)
class CheckWords:
    """One line. ``badge`` is its kind and word, ``steps`` what to do in order, ``failure`` DingTalk's own refusal."""

    title: str
    badge: tuple[str, str]
    sentence: Markup
    steps: tuple[str, ...]
    failure: Failure | None
    is_inferred: bool


def check_words(name: CheckName, verdict: Verdict) -> CheckWords:
    """Return what a verdict means."""
    kind, badge = _BADGES[verdict.state]
    sentence, steps = _said(verdict)
    return CheckWords(
        title=str(TITLES[name]),
        badge=(kind, str(badge)),
        sentence=sentence,
        steps=steps,
        failure=verdict.failure,
        is_inferred=verdict.found is Found.PERMITTED_INFERRED,
    )


def _said(verdict: Verdict) -> tuple[Markup, tuple[str, ...]]:
    if verdict.waits_for is not None:
        title = str(TITLES[verdict.waits_for])
        return escape(gettext("Waits for: %(check)s.", check=title)), ()
    if verdict.found is Found.REFUSED and verdict.failure is not None:
        words = failure_words(verdict.failure)
        return escape(f"{words.title}. {words.reason}"), (words.remedy,)
    sentence, steps = FINDINGS[verdict.found]
    said, todo = _filled(sentence, verdict), tuple(_filled(each, verdict).striptags() for each in steps)
    diagnosed = _DIAGNOSED.get(verdict.found)
    if diagnosed is None:
        return said, todo
    finding = finding_words(diagnosed)
    return escape("{}: {}").format(str(finding.title), said), tuple(str(each) for each in finding.steps)


def _said_of(name: str, value: str) -> str:
    return names_words(value) if name == "people" else value


def _filled(words: LazyString, verdict: Verdict) -> Markup:
    text = str(words).replace("%%", "%")
    filled = escape(text)
    for name, value in verdict.facts.items():
        shown = moment(datetime.fromisoformat(value)) if name == "at" else escape(_said_of(name, value))
        filled = Markup(str(filled).replace(f"%({name})s", str(shown)))  # noqa: S704 - both halves are escaped
    return filled
