"""What a failure of the webhook means and what to do about it."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from portal.grants.webhook.address import AddressFault
from portal.grants.webhook.answers import WebhookFailure

_AGAIN = _("The portal tries again by itself, with growing pauses.")

WEBHOOK_WORDS: dict[str, tuple[LazyString, LazyString, LazyString]] = {
    WebhookFailure.NOT_SET_UP: (
        _("The webhook is not set up"),
        _("There is no address to which grants could be announced."),
        _("An organization admin enters one under Approval Settings, Webhook."),
    ),
    WebhookFailure.OFF: (
        _("The webhook is switched off"),
        _("Nothing is sent while it is off; what is due waits."),
        _("An organization admin switches it on under Approval Settings, Webhook."),
    ),
    WebhookFailure.SECRETS_UNREADABLE: (
        _("The webhook's secret cannot be opened"),
        _("It was stored under another secret key of the portal."),
        _("Let your operators bring back PORTAL_SECRET_KEY as it was."),
    ),
    WebhookFailure.ADDRESS_REFUSED: (
        _("The webhook's address may not be called"),
        _(
            "It leads into a private network or to the portal's own machine, and operators have not allowed that."
        ),
        _("Enter another address, or let your operators name the network in PORTAL_WEBHOOK_NETWORKS."),
    ),
    WebhookFailure.HOST_UNKNOWN: (
        _("The webhook's host is not known"),
        _("Its name could not be looked up from the portal's server."),
        _("Check the address under Approval Settings, Webhook. The portal tries again by itself."),
    ),
    WebhookFailure.UNREACHABLE: (
        _("The webhook cannot be reached"),
        _("The portal's server could not connect to it, so nothing was sent."),
        _AGAIN,
    ),
    WebhookFailure.CERTIFICATE: (
        _("The webhook's certificate is refused"),
        _("It is out of date, for another host, or nobody vouches for it whom the portal's server trusts."),
        _("Let whoever runs the tool behind the webhook renew it. The portal tries again by itself."),
    ),
    WebhookFailure.TIMED_OUT: (
        _("The webhook did not answer in time"),
        _("The whole answer must be there within 10 seconds."),
        _AGAIN,
    ),
    WebhookFailure.BROKEN: (
        _("The webhook's answer broke off"),
        _("The connection ended before there was an answer over HTTP."),
        _AGAIN,
    ),
    WebhookFailure.REDIRECTS: (
        _("The webhook leads somewhere else"),
        _("It answered %(status)s, a redirect, which the portal does not follow."),
        _("Enter the address that it leads to, then try again."),
    ),
    WebhookFailure.BUSY: (
        _("The webhook asks to wait"),
        _("It answered %(status)s: %(excerpt)s"),
        _("The portal waits as long as it asks, then tries again."),
    ),
    WebhookFailure.TROUBLE: (
        _("The webhook has trouble of its own"),
        _("It answered %(status)s: %(excerpt)s"),
        _AGAIN,
    ),
    WebhookFailure.REFUSED: (
        _("The webhook refuses this"),
        _("It answered %(status)s: %(excerpt)s"),
        _(
            "Let whoever runs the tool behind the webhook say why. Then try again: the portal does not by itself."
        ),
    ),
}

ADDRESS_WORDS: dict[tuple[str, str], LazyString] = {
    ("webhook_address", AddressFault.NOT_AN_ADDRESS): _("Enter an address like https://bi.example.com/hook."),
    ("webhook_address", AddressFault.NOT_HTTPS): _("Enter an address that begins with https://."),
    ("webhook_address", AddressFault.HAS_PASSWORD): _(
        "Leave out user name and password: the signature proves who calls."
    ),
}
