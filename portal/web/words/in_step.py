"""What the portal's step with DingTalk means for an admin: each fact with its state and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flask_babel import format_decimal, gettext, ngettext
from markupsafe import Markup, escape

from portal.models.callback_event import EventRoad
from portal.services.outcomes.sweep import WHEN_HEARD
from portal.services.work.dingtalk_calls import SWEEPS_STOP_AT_PERCENT
from portal.services.work.in_step import StepReport
from portal.web.formatters import ago, moment

# DingTalk's free edition; others have more (DingTalk: quota pages).
FREE_PUSHES = 3000
SILENT_TOO_LONG = WHEN_HEARD[-1] + timedelta(days=1)
_WORST = {"danger": 2, "warning": 1, "success": 0, "neutral": 0}


@dataclass(frozen=True, kw_only=True)
class Check:
    """One line: ``kind`` and ``badge`` say how it stands, ``sentence`` the fact, ``remedy`` what to do."""

    name: str
    title: str
    kind: str
    badge: str
    sentence: str | Markup
    remedy: str = ""


@dataclass(frozen=True, kw_only=True)
class InStepWords:
    """All lines, in the order in which a cause comes before its consequence, and the badge of the worst."""

    report: StepReport
    checks: tuple[Check, ...]
    badge: tuple[str, str]
    calls_left: str


def in_step_words(report: StepReport) -> InStepWords:
    """Return what the facts mean."""
    says = (_worker, _last_event, _starts, _calls, _pushes, _failed_pushes, _parked, _open)
    checks = tuple(say(report) for say in says)
    worst = max(_WORST[check.kind] for check in checks)
    words = (gettext("In step"), gettext("Needs a look"), gettext("Out of step"))
    return InStepWords(
        report=report,
        checks=checks,
        badge=(("success", "warning", "danger")[worst], words[worst]),
        calls_left=format_decimal(max(0, report.budget.quota - report.budget.used)),
    )


def _worker(report: StepReport) -> Check:
    title = gettext("Worker")
    if report.is_worker_alive:
        return _good("worker", title, gettext("It is at work: it starts approvals and reads outcomes."))
    return _problem(
        "worker",
        title,
        gettext("No worker is running, so nothing is started and no outcome is read."),
        gettext("Let your operators start “portal worker”. Nothing is lost meanwhile."),
    )


def _last_event(report: StepReport) -> Check:
    title, last = gettext("Last heard from DingTalk"), report.last_event
    if last is None:
        heard: str | Markup = gettext("Nothing yet.")
    else:
        at = last.received_at
        heard = escape(gettext("{ago} ({at}), {road}.")).format(
            ago=ago(at), at=moment(at), road=_by(last.road)
        )
    if report.in_doubt_since is None:
        if last is None:
            return _quiet("last_event", title, heard)
        return _good("last_event", title, heard)
    return _problem(
        "last_event",
        title,
        escape("{} {} {}").format(
            heard,
            gettext("Nothing was heard since the last approval was started:"),
            moment(report.in_doubt_since),
        ),
        gettext(
            "Look under “Events from DingTalk” below for the reason. Until it is put right the portal asks by "
            "itself, so outcomes come late and cost calls."
        ),
    )


def _by(road: str) -> str:
    words = {
        EventRoad.CALLBACK: gettext("by callback"),
        EventRoad.FAILED_PUSH_LIST: gettext("from the list of failed pushes"),
        EventRoad.STREAM: gettext("by Stream"),
    }
    return words[EventRoad(road)]


def _starts(report: StepReport) -> Check:
    title, missing = gettext("Starts without their event, last day"), report.starts_not_told_of
    if missing == 0:
        return _good("starts", title, gettext("None."))
    return _warning(
        "starts",
        title,
        ngettext(
            "%(num)s approval was started of which no event came.",
            "%(num)s approvals were started of which no event came.",
            missing,
        ),
        gettext("The portal reads them by itself. Press Test to see whether start events arrive now."),
    )


def _calls(report: StepReport) -> Check:
    budget = report.budget
    title = gettext("Calls this month")
    used = gettext(
        "%(used)s of %(quota)s (%(percent)s%%)",
        used=format_decimal(budget.used),
        quota=format_decimal(budget.quota),
        percent=budget.percent,
    )
    if budget.stopped_until is not None:
        return _problem(
            "calls",
            title,
            escape(
                gettext(
                    "{used}. DingTalk says that the organisation's calls are used up: starts and reads wait. "
                    "Next try: {at}"
                )
            ).format(used=used, at=moment(max(budget.stopped_until, report.at))),
            gettext(
                "A DingTalk administrator can buy more calls in DingTalk's developer console; then press Try again "
                "now. Else the portal goes on by itself in the new month. Nothing is lost."
            ),
        )
    if budget.is_short:
        return _warning(
            "calls",
            title,
            gettext(
                "%(used)s. From %(limit)s%% on the portal no longer looks by itself; starts, decisions that DingTalk "
                "tells of, and Sync now go on.",
                used=used,
                limit=SWEEPS_STOP_AT_PERCENT,
            ),
            gettext("Does your edition of DingTalk allow more? Then raise the number below."),
        )
    return _good("calls", title, used)


def _pushes(report: StepReport) -> Check:
    title = gettext("Events this month")
    counted = ngettext("%(num)s event.", "%(num)s events.", report.pushes)
    hint = gettext("DingTalk's free edition pushes %(number)s a month.", number=format_decimal(FREE_PUSHES))
    if report.pushes < FREE_PUSHES * 9 // 10:
        return _quiet("pushes", title, f"{counted} {hint}")
    return _warning(
        "pushes",
        title,
        f"{counted} {hint}",
        gettext("With the free edition, filter the subscription to this template, or buy more pushes."),
    )


def _failed_pushes(report: StepReport) -> Check:
    title, reading = gettext("List of failed pushes"), report.failed_pushes
    if reading.done_at is None:
        read: str | Markup = gettext("Not read yet.")
    else:
        read = escape("{} {}").format(gettext("Last read:"), moment(reading.done_at))
    if reading.failure is not None:
        return _warning(
            "failed_pushes", title, read, gettext("It could not be read since, for the reason below.")
        )
    return (_good if reading.done_at else _quiet)("failed_pushes", title, read)


def _parked(report: StepReport) -> Check:
    title = gettext("Parked events")
    if report.parked_events == 0:
        return _good("parked", title, gettext("None: every event could be sorted."))
    return _warning(
        "parked",
        title,
        ngettext(
            "%(num)s event could not be sorted.", "%(num)s events could not be sorted.", report.parked_events
        ),
        gettext("Look at them and decide."),
    )


def _open(report: StepReport) -> Check:
    title, approvals = gettext("Open approvals"), report.open_approvals
    if approvals.silent_since is None:
        return _quiet("open", title, gettext("None runs in DingTalk."))
    counted = ngettext("%(num)s runs in DingTalk.", "%(num)s run in DingTalk.", approvals.count)
    sentence = escape("{} {} {}").format(
        counted, gettext("Longest without news, since:"), moment(approvals.silent_since)
    )
    if report.at - approvals.silent_since <= SILENT_TOO_LONG:
        return _good("open", title, sentence)
    return _warning(
        "open",
        title,
        sentence,
        gettext("The portal should have asked by now. Put right what stands above, or press Sync all."),
    )


def _good(name: str, title: str, sentence: str | Markup) -> Check:
    return Check(name=name, title=title, kind="success", badge=gettext("Good"), sentence=sentence)


def _quiet(name: str, title: str, sentence: str | Markup) -> Check:
    return Check(name=name, title=title, kind="neutral", badge=gettext("Nothing to do"), sentence=sentence)


def _warning(name: str, title: str, sentence: str | Markup, remedy: str) -> Check:
    return Check(
        name=name, title=title, kind="warning", badge=gettext("Attention"), sentence=sentence, remedy=remedy
    )


def _problem(name: str, title: str, sentence: str | Markup, remedy: str) -> Check:
    return Check(
        name=name, title=title, kind="danger", badge=gettext("Problem"), sentence=sentence, remedy=remedy
    )
