"""What the doctor found about the app, the template and the events: the fact, and what to do."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from portal.services.doctor.findings import Found
from portal.web.words.doctor_portal import Words

_ASSOCIATE_AGAIN = _(
    "Under “Approval template” press “Change template”, take the same template again, look at what is shown and "
    "press Confirm."
)
_OPEN_DESIGNER = _("Open the template in DingTalk's designer.")
_GENERATE_KEY = _(
    "Under “DingTalk app” open “Change the app or its keys”, press Generate beside it, then Save."
)
_PASTE = _("Paste it in DingTalk's developer console under Events and callbacks, and press Save there.")

DINGTALK_FINDINGS: dict[Found, Words] = {
    Found.BOUND: (_("An app is connected, and its stored secrets open."), ()),
    Found.NOT_BOUND: (
        _("No DingTalk app is connected."),
        (_("Under “DingTalk app” enter the app's Corp ID, app key and app secret, and press Save."),),
    ),
    Found.SECRETS_UNREADABLE: (
        _("The stored secrets do not open: they were sealed with another PORTAL_SECRET_KEY."),
        (
            _("Let your operators start the portal with the PORTAL_SECRET_KEY it had before."),
            _("Is it lost? Enter app secret, token and aes_key anew under “DingTalk app” and press Save."),
        ),
    ),
    Found.ACCEPTED: (_("DingTalk gave a fresh token for them."), ()),
    Found.NOT_TOLD: (
        _("DingTalk gave no answer that would tell."),
        (_("Wait a minute and check again."),),
    ),
    Found.ADDRESS_ALLOWED: (_("DingTalk takes calls from this server."), ()),
    Found.PERMITTED: (_("%(permission)s is switched on."), ()),
    Found.PERMITTED_INFERRED: (
        _("%(permission)s is switched on, as far as a call shows that changes nothing."),
        (),
    ),
    Found.TEMPLATE_MADE: (
        _("The permission is there, but DingTalk accepted a change to a template that cannot exist."),
        (_("In DingTalk's OA admin console delete “Portal doctor: permission check” if it is there."),),
    ),
    Found.SCOPE_WHOLE: (_("The app sees the whole organisation."), ()),
    Found.SCOPE_PART: (
        _("The app sees a part of the organisation: people outside of it can neither ask nor decide."),
        (
            _("Is that meant so? Then nothing is to be done."),
            _(
                "Else open your app in DingTalk's developer console, then Permission management, and widen it."
            ),
        ),
    ),
    Found.SCOPE_LEAVES_OUT: (
        _("The app may not see %(name)s, who decides as the fallback."),
        (
            _(
                "In DingTalk's developer console open your app, then Permission management, and widen its contact "
                "scope; or choose another fallback approver."
            ),
        ),
    ),
    Found.SWITCHED_ON: (_("Approval is switched on, and runs in DingTalk."), ()),
    Found.DECIDED_HERE: (
        _("Approval is switched on. New requests are decided in the portal, without DingTalk."),
        (),
    ),
    Found.SWITCHED_OFF: (
        _("Approval is switched off, so nobody can ask for access."),
        (_("Tick “Enable Approval Flow” and “DingTalk Channel Approval”, and press Save."),),
    ),
    Found.FALLBACK_ACTIVE: (_("%(name)s decides where a resource's owner cannot."), ()),
    Found.FALLBACK_NONE: (
        _("Nobody decides where a resource's owner cannot: such requests are refused at once."),
        (_("Choose somebody under “Fallback approver”."),),
    ),
    Found.FALLBACK_LEFT: (
        _("%(name)s, the fallback approver, has left the organisation."),
        (_("Choose somebody else under “Fallback approver”."),),
    ),
    Found.EVERYTHING_DECIDED: (_("About every resource somebody can be asked."), ()),
    Found.RESOURCES_UNDECIDED: (
        _("Resources about which nobody can decide: %(count)s. They cannot be asked for."),
        (
            _(
                "Look at the list under “Default approvers”, and name owners or administrators of the workspaces."
            ),
            _("Or tick another kind of approver, or choose a fallback approver who is not on leave."),
        ),
    ),
    Found.TEMPLATE_WELL: (_("“%(name)s” is there and published."), ()),
    Found.TEMPLATE_NONE: (
        _("No approval template is associated, so nothing can be started."),
        (
            _(
                "Under “Approval template” press “Associate Approval Template”, then One-click Generation, and "
                "Confirm."
            ),
        ),
    ),
    Found.TEMPLATE_GONE: (
        _("“%(name)s” no longer exists in DingTalk."),
        (
            _(
                "Under “Approval template” press “Change template”, then One-click Generation, and Confirm; or "
                "choose Custom and a template of yours."
            ),
        ),
    ),
    Found.TEMPLATE_UNPUBLISHED: (
        _("“%(name)s” is stopped or not published in DingTalk, so it starts no approvals."),
        (
            _(
                "In DingTalk open OA Approval, then Admin Console, find the template and enable it; or press Edit, "
                "then Publish."
            ),
        ),
    ),
    Found.FLOW_WELL: (_("Approvals can run through it."), ()),
    Found.FLOW_BYPASS_ACKNOWLEDGED: (
        _("One approver decides; an admin accepted that these are not asked: %(people)s."),
        (),
    ),
    Found.FLOW_BYPASS: (
        _("These would not be asked, and no admin has accepted that, so nothing is started: %(people)s."),
        (
            _(
                "In DingTalk's designer, under Flow Design, add an Approver with “Selected by Initiator”; press "
                "Save and Publish. Then press “Check again” under “Flow”, and “Take these changes over”."
            ),
            _("Or accept, by name, that they are not asked: under “Flow” tick the box and press Accept."),
        ),
    ),
    Found.FLOW_UNUSABLE: (
        _("No approval can run through this flow."),
        (_OPEN_DESIGNER, _("Mend the flow as Approval Settings says under the template, and publish it.")),
    ),
    Found.FLOW_CHANGED: (
        _("It was changed in DingTalk since an admin confirmed it."),
        (
            _(
                "Under “Flow” press “Check again”, look at what was changed, and press “Take these changes over”."
            ),
        ),
    ),
    Found.FLOW_UNKNOWN: (
        _("DingTalk could not work it out just now."),
        (_("Wait a moment and check again."), _("Does it stay? Check the flow in DingTalk's designer.")),
    ),
    Found.FLOW_NO_INITIATOR: (
        _(
            "It cannot be looked at for whoever associated the template: they are in no department of DingTalk."
        ),
        (_("Let an organization admin who signs in through DingTalk associate the template again."),),
    ),
    Found.FIELDS_WELL: (_("All %(count)s fields that the portal fills are there."), ()),
    Found.FIELDS_GONE: (
        _("These fields are gone, were renamed or no longer take what the portal fills in: %(fields)s."),
        (_("Give the fields their former names in DingTalk's designer."), _ASSOCIATE_AGAIN),
    ),
    Found.FIELDS_LACK_OPTIONS: (
        _("These fields are a choice, and some of the portal's values have no option of theirs: %(fields)s."),
        (
            _(
                "Under “Approval template” press “Change template”, choose Custom and the same template, choose an "
                "option for each value and press Confirm."
            ),
            _(
                "Does no option say it? In DingTalk's designer add one to the field, press Save and Publish, then "
                "“Read the template again”."
            ),
        ),
    ),
    Found.FIELDS_UNFILLED: (
        _("DingTalk asks for fields that the portal does not fill: %(fields)s."),
        (_("In DingTalk's designer make these fields optional and publish the template."), _ASSOCIATE_AGAIN),
    ),
    Found.FIELDS_NO_NUMBER: (
        _("No field takes the request number: without it a lost answer could never be found again."),
        (_ASSOCIATE_AGAIN,),
    ),
    Found.BY_STREAM: (_("Not needed: events come by Stream."), ()),
    Found.BY_CALLBACK: (_("Not needed: events come by callback."), ()),
    Found.KEY_SHAPED: (_("It has 43 letters and digits, as DingTalk's keys have."), ()),
    Found.KEY_MISSHAPED: (_("It does not have 43 letters and digits."), (_GENERATE_KEY, _PASTE)),
    Found.TOKEN_SHAPED: (_("It has 3 to 32 letters and digits."), ()),
    Found.TOKEN_MISSHAPED: (_("It does not have 3 to 32 letters and digits."), (_GENERATE_KEY, _PASTE)),
    Found.CALLBACK_ANSWERS: (
        _("A signed and encrypted call of our own was answered within %(milliseconds)s ms."),
        (),
    ),
    Found.CALLBACK_DEMO_ONLY: (
        _("Demo only: it answers in %(milliseconds)s ms, to the sandbox on this machine and to nobody else."),
        (),
    ),
    Found.CALLBACK_PRIVATE: (
        _("%(host)s leads to a private address: DingTalk calls from the internet and cannot reach it."),
        (
            _("Give the portal a public name and address, and set PORTAL_PUBLIC_URL to it."),
            _("Or choose Stream for events on Approval Settings: it needs no public address."),
        ),
    ),
    Found.CALLBACK_PRIVATE_HERE: (
        _("%(host)s leads to a private address inside your network, but DingTalk reaches it: events arrive."),
        (),
    ),
    Found.CALLBACK_NOT_FROM_HERE: (
        _("The portal's own server cannot reach %(host)s, but DingTalk can: events arrive."),
        (_("Nothing needs to be changed. Some networks keep a server from calling its own public address."),),
    ),
    Found.CALLBACK_REDIRECTS: (
        _("The address answers with a redirect (HTTP %(status)s), which DingTalk does not follow."),
        (
            _(
                "Set PORTAL_PUBLIC_URL to the address that is redirected to, or stop the redirect in the proxy."
            ),
            _("Enter the new callback address in DingTalk's developer console, and press Save there."),
        ),
    ),
    Found.CALLBACK_SLOW: (
        _("It answers, but in %(milliseconds)s ms; DingTalk waits for 1,500 ms."),
        (_("Let your operators look at the load of the server, the database's disk and the proxy between."),),
    ),
    Found.CALLBACK_WRONG_ANSWER: (
        _("It does not answer as DingTalk needs it (HTTP %(status)s, %(reason)s)."),
        (
            _(
                "Does PORTAL_PUBLIC_URL lead to this portal? A proxy must pass /callbacks/dingtalk on unchanged."
            ),
            _("Do all processes of the portal run with the same PORTAL_SECRET_KEY and database?"),
        ),
    ),
    Found.ADDRESS_CHECKED: (_("DingTalk checked the address %(at)s, and it answered."), ()),
    Found.ADDRESS_NEVER_CHECKED: (
        _("DingTalk has not checked the address yet."),
        (_("Press Save in DingTalk's developer console under Events and callbacks."),),
    ),
    Found.NONE_REFUSED: (_("None in the last day."), ()),
    Found.REFUSED_BEFORE: (
        _("%(count)s in the last day; since then DingTalk's calls are accepted again."),
        (),
    ),
    Found.REFUSED_STRANGERS: (
        _("%(count)s in the last day, none of them DingTalk's; the last from %(address)s."),
        (),
    ),
    Found.REFUSED_TOKEN: (_("%(count)s in the last day, the last %(at)s from %(address)s."), ()),
    Found.REFUSED_AES_KEY: (_("%(count)s in the last day, the last %(at)s from %(address)s."), ()),
    Found.REFUSED_OWNER: (_("%(count)s in the last day, the last %(at)s from %(address)s."), ()),
    Found.REFUSED_SECRETS: (_("%(count)s in the last day, the last %(at)s from %(address)s."), ()),
    Found.STREAM_CONNECTED: (_("Connected to DingTalk: %(count)s."), ()),
    Found.STREAM_NO_LISTENER: (
        _("Events come by Stream, but no process listens."),
        (_("Let your operators start “portal stream”."),),
    ),
    Found.STREAM_DISCONNECTED: (
        _("A process listens, but has no connection to DingTalk."),
        (
            _(
                "Let your operators check that the server may connect to DingTalk's Stream gateway by wss, port 443."
            ),
            _("In DingTalk's developer console Stream must be chosen under Events and callbacks."),
        ),
    ),
    Found.EVENT_HEARD: (_("The last came %(at)s."), ()),
    Found.EVENT_NEVER: (
        _("None has come yet."),
        (_("Press Test on Approval Settings: its start event shows whether the way works."),),
    ),
    Found.EVENT_MISSING: (
        _("Nothing was heard since an approval was started %(at)s, so outcomes come late."),
        (
            _(
                "In DingTalk's developer console open your app, then Events and callbacks: tick the approval "
                "instance event (bpms_instance_change), and let its filter pass the type start."
            ),
            _("Is the address there the callback address of Approval Settings? Press Save there."),
        ),
    ),
    Found.CALLS_LEFT: (_("%(used)s of %(quota)s this month (%(percent)s%%)."), ()),
    Found.CALLS_SHORT: (
        _("%(used)s of %(quota)s this month (%(percent)s%%): the portal no longer looks by itself."),
        (_("Buy more calls in DingTalk's developer console, and enter the new quota on Approval Settings."),),
    ),
    Found.CALLS_GONE: (
        _("They are used up: %(used)s of %(quota)s. Nothing is started or read until there are more."),
        (
            _("Buy more calls in DingTalk's developer console, or wait for the next month."),
            _("Enter the new quota on Approval Settings, and press “Try again now” there."),
        ),
    ),
    Found.PUSHES_LEFT: (_("%(pushes)s this month; DingTalk's free edition has %(free)s."), ()),
    Found.PUSHES_PAST_FREE: (
        _("%(pushes)s this month, more than the %(free)s of DingTalk's free edition."),
        (
            _("Does your edition have more? Then nothing is to be done."),
            _("Else let the filter in DingTalk's console pass only the portal's template."),
        ),
    ),
}
