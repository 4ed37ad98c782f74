"""Why an action is not possible now, and what to do instead."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from portal.services.faults import Problem, ProblemReason
from portal.web.errors import Problem as ProblemWords
from portal.web.words.flow import names_words

_WORDS: dict[ProblemReason, tuple[LazyString, LazyString, LazyString]] = {
    ProblemReason.SETTINGS_CHANGED: (
        _("Another admin saved these settings meanwhile"),
        _("Nothing of yours was saved. What you entered is still here."),
        _("Look at what is stored now. Press the button again to replace it with yours."),
    ),
    ProblemReason.NOT_BOUND: (
        _("DingTalk is not connected yet"),
        _("Without the DingTalk app the portal cannot reach your organisation."),
        _("An organization admin connects it under Approval Settings, DingTalk app."),
    ),
    ProblemReason.ONLY_READS: (
        _("Auditors change nothing"),
        _("You read everything here so that you can judge it, and take no part in it."),
        _("If you need to take part, ask an organization admin to change your role."),
    ),
    ProblemReason.APPROVAL_OFF: (
        _("Approval is switched off"),
        _(
            "New requests cannot be sent while the approval flow is off, or no channel is on in which to decide them."
        ),
        _("An organization admin switches them on under Approval Settings."),
    ),
    ProblemReason.DATA_WORK_ENTRY_OFF: (
        _("Access cannot be asked for here"),
        _("An organization admin has switched off asking for resources in this portal."),
        _("Ask the owner of the resource, or an organization admin."),
    ),
    ProblemReason.COLUMN_ENTRY_OFF: (
        _("Masked columns cannot be asked for here"),
        _("An organization admin has switched off asking for single columns in this portal."),
        _("Ask the owner of the dataset, or an organization admin."),
    ),
    ProblemReason.LAST_ADMIN: (
        _("Somebody has to stay organization admin"),
        _("This is the last one in office: without them nobody could change settings or give roles."),
        _("Make somebody else an organization admin first."),
    ),
    ProblemReason.NO_TEMPLATE: (
        _("No approval template is associated"),
        _("Approvals are started with a template, and none has been chosen yet."),
        _("An organization admin associates one under Approval Settings, Associate Approval Template."),
    ),
    ProblemReason.GENERATION_RUNNING: (
        _("The template is being generated right now"),
        _("Started by: %(name)s. Two generations at once could make two templates."),
        _("Wait a minute, then press One-click Generation again: you will get the same template."),
    ),
    ProblemReason.NAME_TAKEN: (
        _("This name already belongs to another template"),
        _(
            "Your organisation has a template called “%(name)s” that this portal did not make, perhaps Quick BI "
            "itself did. It was not changed."
        ),
        _("Choose another name, or associate that template as Custom."),
    ),
    ProblemReason.FORM_DIFFERS: (
        _("The template in DingTalk looks different"),
        _("“%(name)s” was made by this portal, but its fields are not the ones needed now."),
        _(
            "Let the portal update its fields. Approvals that already run keep theirs. Afterwards look at the flow "
            "in DingTalk's designer: it is not certain that an update keeps it."
        ),
    ),
    ProblemReason.BYPASS_NEEDS_CONSENT: (
        _("People in this flow would be passed over"),
        _(
            "The flow has no node “Selected by Initiator”, so approvals go straight to one approver. "
            "These would not be asked: %(people)s."
        ),
        _("Tick the box to accept that, or add “Selected by Initiator” to the flow in DingTalk's designer."),
    ),
    ProblemReason.FIELDS_MISSING: (
        _("This template cannot carry a request"),
        _("It lacks the request number, has a required field the portal cannot fill, or is not published."),
        _("Change the template in DingTalk's designer as shown below, publish it and choose it again."),
    ),
    ProblemReason.NOTHING_TO_ADD: (
        _("The portal has no field to add to “%(name)s”"),
        _("It adds only what is missing, and only to templates that it made itself. Nothing was changed."),
        _("Add the field in DingTalk's designer as shown below, then read the template again."),
    ),
    ProblemReason.TEMPLATE_CHANGED: (
        _("The template is not what you saw any more"),
        _("It was changed again in DingTalk, or by another admin. Nothing of yours was saved."),
        _("Look at what is shown now and decide again."),
    ),
    ProblemReason.TEMPLATE_NOT_USABLE: (
        _("The template cannot be used as it is now"),
        _("Requests could not be started with its present form or flow."),
        _("Mend it in DingTalk's designer as it says below, publish it and press Check again."),
    ),
    ProblemReason.NOT_A_DINGTALK_PERSON: (
        _("This needs an admin who is a member in DingTalk"),
        _(
            "You are signed in as a local admin. DingTalk starts approvals and shows templates only in the name of "
            "a member of the organisation."
        ),
        _(
            "Sign out and sign in with DingTalk as an organization admin. To make somebody one, run on the server: "
            "portal people grant-admin"
        ),
    ),
    ProblemReason.NO_DEPARTMENT: (
        _("You have no department in DingTalk"),
        _("DingTalk starts every approval from a department of the person who asks."),
        _("Let a DingTalk administrator put you into a department, then sign in again."),
    ),
    ProblemReason.NOBODY_DECIDES: (
        _("Nobody can decide about this resource"),
        _("Its owner cannot be asked, and there is no fallback approver who can."),
        _("Ask an organization admin to choose a fallback approver under Approval Settings."),
    ),
    ProblemReason.NOBODY_DECIDES_ALL: (
        _("No one person decides about all of this any more"),
        _("Who decides has changed since it was asked for, so these resources need approvals of their own."),
        _(
            "The requester withdraws this part and asks for it again: the portal then asks everybody who decides, "
            "each about theirs."
        ),
    ),
    ProblemReason.ALREADY_CLOSED: (
        _("This request is already over"),
        _("Its outcome is final."),
        _("Ask again if you still need access."),
    ),
    ProblemReason.ALREADY_ANSWERED: (
        _("You have answered this already"),
        _("An answer cannot be changed afterwards."),
        _("The page of the request shows where it stands; your colleague can withdraw it or ask again."),
    ),
    ProblemReason.NOBODY_TO_REMIND: (
        _("There is nobody to remind"),
        _("The request waits for nobody whom the portal can tell anything in DingTalk."),
        _("Load the page again to see where the request stands."),
    ),
    ProblemReason.REMINDED_JUST_NOW: (
        _("The approver was reminded already"),
        _("Reminders are sent once in a while, so that they stay worth reading."),
        _("The page of the request shows from when on you can remind them again."),
    ),
    ProblemReason.NOT_GONE: (
        _("There is nothing to close"),
        _("DingTalk knows this approval, or the request is over already."),
        _("See below where it stands now. What still runs can be withdrawn."),
    ),
    ProblemReason.ALREADY_WITHDRAWING: (
        _("This request is already being withdrawn"),
        _("DingTalk allows that 15 seconds after the start at the earliest."),
        _("Wait a moment: this page shows it as soon as it is done."),
    ),
    ProblemReason.NOT_RETRYABLE: (
        _("There is nothing to try again"),
        _("No approval of this request failed to start."),
        _("Load the page again to see where the request stands."),
    ),
    ProblemReason.FLOW_CHANGED: (
        _("An admin has just changed how requests are approved"),
        _("What you chose does not fit the approval flow of now. Nothing was sent."),
        _("Look at who decides, choose again if you are asked to, and send the form once more."),
    ),
    ProblemReason.NOTHING_TO_CHOOSE: (
        _("There are no approvers to choose again"),
        _("The approval flow does not wait for a choice of yours."),
        _("Load the page again to see where the request stands."),
    ),
    ProblemReason.NOTHING_TO_SYNC: (
        _("There is nothing to ask DingTalk about"),
        _("Only an approval that runs in DingTalk can be asked about."),
        _("Load the page again to see where the request stands."),
    ),
    ProblemReason.SYNCED_JUST_NOW: (
        _("DingTalk was asked a moment ago"),
        _("DingTalk counts every question, so the portal does not ask more often than this."),
        _("Press Sync now again about %(minutes)s min after the last time; the pause grows with each time."),
    ),
    ProblemReason.CALLS_RUN_SHORT: (
        _("This month's calls to DingTalk run short"),
        _("What is left of them is kept for new requests and for decisions that DingTalk tells of."),
        _("If it is urgent, ask an organization admin to press Sync now on this page."),
    ),
    ProblemReason.CALLS_STOPPED: (
        _("The organisation's monthly calls to DingTalk are used up"),
        _("DingTalk answers no more counted calls until it allows them again."),
        _("An organization admin sees under Approval Settings what to do, and when the portal tries again."),
    ),
    ProblemReason.GRANT_OVER: (
        _("This access is already over"),
        _("It has ended, or its end is being carried out. Nothing was changed."),
        _("Ask for access again if it is still needed."),
    ),
    ProblemReason.GRANT_NOT_FAILING: (
        _("There is nothing to try again"),
        _("Nothing went wrong with this access, or it was mended meanwhile."),
        _("Load the page again to see where it stands."),
    ),
    ProblemReason.TASK_DONE: (
        _("Nobody has to act here any more"),
        _("Somebody else was faster, or the access was ended or given meanwhile."),
        _("Load the list again to see what still waits."),
    ),
    ProblemReason.GRANT_BUSY: (
        _("The portal is just working on this access"),
        _("It cannot be looked at while it is being given or taken away."),
        _("Wait a moment and try again."),
    ),
    ProblemReason.EVENT_NOT_PARKED: (
        _("This event no longer waits for you"),
        _("Another admin was faster, or it could be matched meanwhile. Nothing more was done."),
        _("What became of it stands on its page."),
    ),
    ProblemReason.ALREADY_DECIDED: (
        _("%(name)s has decided this already"),
        _("A decision is final. Yours was not taken."),
        _("See on the page of the request what was decided. If it has to change, talk to each other."),
    ),
    ProblemReason.NOT_YOUR_OWN: (
        _("Nobody decides about their own access"),
        _("You asked for this yourself, or it was asked for you."),
        _("Somebody else decides about it. An organization admin can pass it on to another person."),
    ),
    ProblemReason.NOTHING_TO_DECIDE: (
        _("There is nothing to decide here now"),
        _("This approval does not wait for a decision."),
        _("Load the page again to see where the request stands."),
    ),
    ProblemReason.CATALOGUE_CHANGED: (
        _("The catalogue has changed since you looked"),
        _("Nothing was imported: the file would do something else by now."),
        _("Look at what it would do now, and confirm that."),
    ),
    ProblemReason.IMPORT_HAS_FAULTS: (
        _("Some lines of the file have faults"),
        _("Nothing was imported: it is all lines or none."),
        _("Correct these lines and upload the file again."),
    ),
    ProblemReason.RESOURCE_CHANGED: (
        _("Somebody else changed this resource meanwhile"),
        _("Nothing of yours was saved. What you entered is still here."),
        _("Look at what is stored now. Press the button again to replace it with yours."),
    ),
    ProblemReason.RESOURCE_GONE: (
        _("This resource no longer exists"),
        _("It was retired, or the BI tool no longer has it: nobody can ask for it."),
        _("Add it again if it is back."),
    ),
    ProblemReason.QUICKBI_NOT_CONNECTED: (
        _("Quick BI is not connected yet"),
        _("The catalogue is read with the key of a Quick BI account."),
        _("An organization admin enters it under Approval Settings, Quick BI."),
    ),
    ProblemReason.SYNC_IS_RUNNING: (
        _("The catalogue is being read from Quick BI right now"),
        _("Two readings at once would do the same twice."),
        _("Wait a minute, then look at its report."),
    ),
    ProblemReason.EXPORTS_BUSY: (
        _("Other files are being written right now"),
        _("The portal writes two at a time, so that pages stay quick."),
        _("Wait until one is done, then export again."),
    ),
}


def problem_words(problem: Problem) -> ProblemWords:
    """Return the words for one problem, with its names filled in."""
    title, reason, next_step = (_filled(words, problem.facts) for words in _WORDS[problem.reason])
    return ProblemWords(title=title, reason=reason, next_step=next_step)


def _filled(words: LazyString, facts: dict[str, str]) -> str:
    text = str(words)
    for name, value in facts.items():
        text = text.replace(f"%({name})s", names_words(value) if name == "people" else value)
    return text
