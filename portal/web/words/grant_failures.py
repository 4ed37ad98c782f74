"""What the portal's own failures about a grant mean and what to do about them."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

GRANT_FAILURE_WORDS = {
    "no_target": (
        _l("Nothing is set up to give this access"),
        _l("The grant was made for a way of giving access that the portal no longer has."),
        _l("Let an organization admin set it up under Approval Settings, or have this done by hand."),
    ),
    "target_broke": (
        _l("The portal failed while giving or taking away this access"),
        _l("The error is written in the portal's log."),
        _l("The portal tries again by itself. If it stays so, let an organization admin read the log."),
    ),
    "answered_too_late": (
        _l("The answer came too late to count"),
        _l("The portal had begun another try by then, under the same delivery number."),
        _l("Nothing needs to be done: what the other try was answered counts."),
    ),
    "refused_by_hand": (
        _l("%(person)s cannot do it"),
        _l("They say: %(reason)s"),
        _l("Talk to them; then an administrator or the owner presses Try again on this page."),
    ),
}
