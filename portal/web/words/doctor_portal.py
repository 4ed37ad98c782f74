"""What the doctor found about the portal itself and the way to DingTalk: the fact, and what to do."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from portal.services.doctor.findings import Found

Words = tuple[LazyString, tuple[LazyString, ...]]

_FROM_THERE = _("Try it from the portal's server itself: “curl -v https://%(host)s”.")
_NETWORK = (
    _("Let your operators check that the server may connect to %(host)s: firewall, routes, HTTPS_PROXY."),
    _FROM_THERE,
)

PORTAL_FINDINGS: dict[Found, Words] = {
    Found.BROKE_OFF: (
        _("The check itself broke off (%(error)s)."),
        (_("Give your operators the time of day: the log says more, as doctor.check_broke_off."),),
    ),
    Found.DATABASE_WELL: (_("It answers, is of this version and can be written to."), ()),
    Found.DATABASE_SILENT: (
        _("It neither answers nor refuses."),
        (_("Let your operators look at the database server and at the network between."),),
    ),
    Found.DATABASE_UNREACHABLE: (
        _("It does not answer, or was never set up."),
        (
            _("Let your operators check PORTAL_DATABASE_URL and that its server runs."),
            _("Is it new? Run “portal db upgrade”."),
        ),
    ),
    Found.DATABASE_OLD: (
        _("It is of version %(version)s, and this portal needs %(needed)s."),
        (_("Let your operators run “portal db upgrade” and restart portal and worker."),),
    ),
    Found.DATABASE_NOT_WRITABLE: (
        _("It can be read but not written to, so nothing new is kept and DingTalk's events are put off."),
        (
            _("On SQLite: does the file belong to the portal's user, is the disk full or mounted read-only?"),
            _("On PostgreSQL: is PORTAL_DATABASE_URL the primary server and not a read-only one?"),
        ),
    ),
    Found.DATABASE_DAMAGED: (
        _("The file is damaged."),
        (
            _("Stop portal and worker at once and keep a copy of the file."),
            _("Bring back the latest backup with “portal restore”."),
        ),
    ),
    Found.SPACE_LEFT: (_("%(megabytes)s MB are free."), ()),
    Found.SPACE_SHORT: (
        _("Only %(megabytes)s MB are free."),
        (_("Let your operators make room before the disk is full."),),
    ),
    Found.SPACE_GONE: (
        _("Only %(megabytes)s MB are free: soon nothing can be kept any more."),
        (_("Let your operators make room on the disk of PORTAL_INSTANCE now."),),
    ),
    Found.SECRET_KEY_STRONG: (_("It is long and looks drawn at random."), ()),
    Found.SECRET_KEY_WEAK: (
        _("PORTAL_SECRET_KEY looks typed, repeated or copied from a sample, so it can be guessed."),
        (
            _(
                'Let your operators make one with: python3 -c "import secrets; print(secrets.token_urlsafe(48))", '
                "set it and restart portal and worker."
            ),
            _(
                "Then enter app secret, token and aes_key again under “DingTalk app”: the old key sealed them."
            ),
        ),
    ),
    Found.PUBLIC_URL_WELL: (_("%(url)s, by https."), ()),
    Found.PUBLIC_URL_DEMO_ONLY: (
        _("Demo only: %(url)s is this machine itself, which is enough for the sandbox beside it."),
        (),
    ),
    Found.PUBLIC_URL_LOOPBACK: (
        _("%(url)s is this machine itself: neither people nor DingTalk can open it from elsewhere."),
        (
            _(
                "Let your operators set PORTAL_PUBLIC_URL to the address under which people open the portal, such as "
                "https://portal.example.com, and restart portal and worker."
            ),
        ),
    ),
    Found.PUBLIC_URL_PLAIN: (
        _("%(url)s is not https: what people and DingTalk send could be read on the way."),
        (
            _("Let your operators put a proxy with a certificate in front of the portal."),
            _("Then set PORTAL_PUBLIC_URL to the https address and restart portal and worker."),
        ),
    ),
    Found.WORKER_ALIVE: (_("It is at work: it starts approvals and reads outcomes."), ()),
    Found.WORKER_MISSING: (
        _("No worker is running, so nothing is started and no outcome is read."),
        (_("Let your operators start “portal worker”. Nothing is lost meanwhile."),),
    ),
    Found.INBOX_FLOWS: (_("Every event that came was sorted."), ()),
    Found.INBOX_STUCK: (
        _("An event has been waiting for %(minutes)s minutes although a worker runs."),
        (
            _("Let your operators look at the worker's log and restart it."),
            _("Does it stay? Then there is more work than one worker can do: see the manual on several."),
        ),
    ),
    Found.INBOX_PARKED: (
        _("Events that could not be sorted and wait for an admin: %(count)s."),
        (_("Open “Parked events”: each says why, and can be tried again or let be."),),
    ),
    Found.ANSWERS: (_("%(host)s answers in %(milliseconds)s ms."), ()),
    Found.HOST_UNKNOWN: (
        _("The name %(host)s cannot be resolved."),
        (
            _("Is it spelled right in the deployment's settings?"),
            _("Let your operators check the name servers (DNS) of the portal's server."),
        ),
    ),
    Found.CONNECTION_REFUSED: (_("%(host)s refuses the connection: nobody listens there."), _NETWORK),
    Found.CERTIFICATE_REFUSED: (
        _(
            "The certificate of %(host)s is not accepted: it is expired, for another name or of an unknown issuer."
        ),
        (
            _("Is it the portal's own? Renew it, with the issuer's intermediate certificates."),
            _(
                "Is it DingTalk's? Then a proxy between opens the connection: let it leave %(host)s alone, or name "
                "its authority in REQUESTS_CA_BUNDLE. Is the server's clock right?"
            ),
        ),
    ),
    Found.CONNECTING_TIMED_OUT: (_("Nothing at %(host)s takes the connection in time."), _NETWORK),
    Found.ANSWER_TIMED_OUT: (
        _("%(host)s takes the connection but does not answer in time."),
        (
            _("Wait a minute and check again."),
            _("Does it stay? Let your operators look for a proxy or firewall that holds connections back."),
        ),
    ),
    Found.PROXY_REFUSED: (
        _("The proxy on the way to %(host)s does not let the portal through."),
        (_("Let your operators check HTTPS_PROXY and NO_PROXY, and what the proxy allows."),),
    ),
    Found.NOT_REACHED: (_("%(host)s cannot be reached."), _NETWORK),
    Found.NOT_DINGTALK: (
        _("Something answers at %(host)s, but not as DingTalk does (HTTP %(status)s)."),
        (
            _("Let your operators compare DINGTALK_API_URL and DINGTALK_OAPI_URL with the manual."),
            _(
                "Are they right? Then a proxy or sign-in page between answers instead: let it pass DingTalk's."
            ),
        ),
    ),
    Found.SERVER_TROUBLE: (
        _("%(host)s has trouble of its own (HTTP %(status)s)."),
        (_("Nothing needs to be changed: wait a moment and check again."),),
    ),
    Found.CLOCK_RIGHT: (_("It agrees with DingTalk's."), ()),
    Found.CLOCK_OFF: (
        _("It is %(seconds)s seconds off DingTalk's."),
        (_("Let your operators switch on time synchronisation (NTP) on the portal's server."),),
    ),
    Found.CLOCK_FAR_OFF: (
        _(
            "It is %(minutes)s minutes off DingTalk's: approvals are looked for in the wrong time, sign-ins expire."
        ),
        (_("Let your operators switch on time synchronisation (NTP) on the portal's server."),),
    ),
    Found.CLOCK_UNTOLD: (_("DingTalk's answer did not say what time it is."), (_("Check again."),)),
}
