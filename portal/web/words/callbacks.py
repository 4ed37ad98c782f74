"""What was observed of DingTalk's events, and exactly what to click when they do not arrive."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from portal.services.events.callback_diagnosis import Finding


@dataclass(frozen=True, kw_only=True)
class FindingWords:
    """``steps`` are what to do, in order; ``shows_address`` asks for the callback address beside them."""

    title: LazyString
    reason: LazyString
    steps: tuple[LazyString, ...] = ()
    shows_address: bool = False


_OPEN_SUBSCRIPTION = _("In DingTalk's developer console open your app, then Events and callbacks.")
_SAVE_THERE = _("Press Save there: DingTalk checks the address at once and says whether it works.")
_TICK_START = _(
    "Tick the approval instance event (bpms_instance_change), and let its filter pass the type start: "
    "the rules to enter are on Approval Settings under “Copy into DingTalk”."
)

_FINDINGS = {
    Finding.EVENTS_ARRIVE: FindingWords(
        title=_("Events arrive"), reason=_("DingTalk reaches the portal, and what it sends can be read.")
    ),
    Finding.NOTHING_ARRIVED: FindingWords(
        title=_("Nothing has arrived from DingTalk"),
        reason=_("DingTalk has not called the portal at all: it cannot reach it, or calls another address."),
        steps=(
            _(
                "Is the portal's domain public? DingTalk calls it from the internet; an address that only your "
                "network knows cannot be reached."
            ),
            _OPEN_SUBSCRIPTION,
            _("Is the address there this one?"),
            _SAVE_THERE,
        ),
        shows_address=True,
    ),
    Finding.TOKEN_DIFFERS: FindingWords(
        title=_("The signature token differs"),
        reason=_("DingTalk's calls arrive, but their signature does not fit the token stored here."),
        steps=(
            _(
                "On Approval Settings, under “DingTalk app”, open “Change the app or its keys”, press Generate "
                "beside the token, copy it and press Save."
            ),
            _OPEN_SUBSCRIPTION,
            _("Paste it as the signature token."),
            _SAVE_THERE,
        ),
    ),
    Finding.AES_KEY_DIFFERS: FindingWords(
        title=_("The aes_key differs"),
        reason=_(
            "DingTalk's calls arrive and are signed correctly, but the stored aes_key does not open them."
        ),
        steps=(
            _(
                "On Approval Settings, under “DingTalk app”, open “Change the app or its keys”, press Generate "
                "beside the aes_key, copy it and press Save."
            ),
            _OPEN_SUBSCRIPTION,
            _("Paste it as the encryption aes_key."),
            _SAVE_THERE,
        ),
    ),
    Finding.OWNER_DIFFERS: FindingWords(
        title=_("The events belong to another app or organisation"),
        reason=_("They can be opened, but they name an owner that is not the app connected here."),
        steps=(
            _("Compare the Corp ID and the app key under “DingTalk app” with the app in DingTalk's console."),
            _("Subscribe to the events in exactly that app, and remove this address from others."),
            _SAVE_THERE,
        ),
    ),
    Finding.SECRETS_UNREADABLE: FindingWords(
        title=_("The stored secrets cannot be opened"),
        reason=_("The portal runs with another secret key than the one they were stored with."),
        steps=(
            _("Let your operators start the portal with the former PORTAL_SECRET_KEY."),
            _("Is it lost? Enter app secret, token and aes_key anew under “DingTalk app” and press Save."),
        ),
    ),
    Finding.START_NOT_SUBSCRIBED: FindingWords(
        title=_("The address worked, but no start event came"),
        reason=_(
            "DingTalk's check of the address succeeded once. Since then the address was changed there or cannot be "
            "reached from the internet any more, or the events themselves are not switched on."
        ),
        steps=(_OPEN_SUBSCRIPTION, _("Is the address there this one?"), _TICK_START, _SAVE_THERE),
        shows_address=True,
    ),
    Finding.STREAM_NOT_RUNNING: FindingWords(
        title=_("Nobody listens"),
        reason=_("Events are to come by Stream, but no process of the portal listens."),
        steps=(
            _(
                "Let your operators start “portal stream” beside the web and the worker process. It needs no public "
                "address, only a way out to DingTalk (https and wss)."
            ),
            _("Is that not possible here? Choose HTTP callback under “How events arrive”."),
        ),
    ),
    Finding.STREAM_NOT_CONNECTED: FindingWords(
        title=_("The portal listens but is not connected"),
        reason=_("The portal tries again by itself."),
        steps=(_("Look under “How events arrive” for the reason and what to do about it."),),
    ),
    Finding.STREAM_SILENT: FindingWords(
        title=_("Connected by Stream, but nothing has come"),
        reason=_("DingTalk can reach the portal and has sent no event lately."),
        steps=(
            _OPEN_SUBSCRIPTION,
            _("Is “Stream mode” (Stream 模式推送) chosen there? Press “已完成接入，验证连接通道” and save."),
            _TICK_START,
            _(
                "Is another program connected as the same app, for instance on a developer's machine? DingTalk gives "
                "each event to one connection only: end the others."
            ),
        ),
    ),
    Finding.NOT_DINGTALK: FindingWords(
        title=_("Calls arrive that do not look like DingTalk's"),
        reason=_("Something calls the callback address, but not in the form of DingTalk's events."),
        steps=(
            _(
                "Does a proxy or firewall in front of the portal change or shorten requests? Let it pass them on."
            ),
            _OPEN_SUBSCRIPTION,
            _("Is the address there this one?"),
            _SAVE_THERE,
        ),
        shows_address=True,
    ),
}

_OTHERS_ARRIVE = FindingWords(
    title=_("Other events arrive, but not this start"),
    reason=_("DingTalk reaches the portal, so this event is not ticked, or its filter leaves it out."),
    steps=(_OPEN_SUBSCRIPTION, _TICK_START, _SAVE_THERE),
)

_REFUSALS = {
    "not_bound": _("No DingTalk app was connected"),
    "too_large": _("The message was larger than 256 kB"),
    "not_json": _("The message was not one of DingTalk's"),
    "query_incomplete": _("Signature, time or nonce was missing"),
    "signature": _("The signature did not fit: the token differs"),
    "undecryptable": _("It could not be decrypted: the aes_key differs"),
    "wrong_owner": _("It was meant for another app"),
    "wrong_corp": _("It came from another organisation"),
    "bad_message": _("What was inside could not be read"),
    "secrets_unreadable": _("The stored secrets could not be opened: the secret key differs"),
    "not_stored": _("The portal's database did not accept it; DingTalk sends it again"),
}


def finding_words(finding: Finding) -> FindingWords:
    """Return the words for what was found."""
    return _FINDINGS[finding]


def trial_finding_words(finding: Finding) -> FindingWords:
    """Return the words for a Test whose start event did not come: other events arriving is a finding too."""
    return _OTHERS_ARRIVE if finding == Finding.EVENTS_ARRIVE else _FINDINGS[finding]


def refusal_words(reason: str) -> str:
    """Return why callbacks were refused."""
    return str(_REFUSALS[reason])
