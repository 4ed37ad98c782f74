"""What a channel's failure means and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from portal.channels.failures import Failure, OwnFailure
from portal.web.words.flow import names_words
from portal.web.words.grant_failures import GRANT_FAILURE_WORDS
from portal.web.words.quickbi_failures import QUICKBI_WORDS
from portal.web.words.webhook_failures import WEBHOOK_WORDS


@dataclass(frozen=True, kw_only=True)
class FailureWords:
    """``title`` what happened, ``reason`` why, ``remedy`` what to do next and where."""

    title: str
    reason: str
    remedy: str


_Words = tuple[LazyString, LazyString, LazyString]

_TRY_LATER = _("Nothing needs to be changed: wait a moment and try again.")

# By the kind of a failure: the vendor's classes (DingTalk: server-api-error-codes), then our own.
_WORDS: dict[str, _Words] = {
    "credentials_wrong": (
        _("DingTalk does not accept the app's credentials"),
        _("The app key and the app secret stored here do not belong together."),
        _(
            "Copy both again from DingTalk's developer console (your app, Credentials and basic information) into "
            "Approval Settings, DingTalk app. Save, then press Check connection."
        ),
    ),
    "token_refused": (
        _("DingTalk refused the portal's access token"),
        _("A fresh one was fetched and refused too."),
        _("Press Check connection under Approval Settings, DingTalk app; then try again."),
    ),
    "permission_missing": (
        _("The DingTalk app lacks a permission"),
        _("This call needs a permission that is not switched on for the app."),
        _("In DingTalk's developer console open your app, then Permission management, and switch it on."),
    ),
    "ip_not_allowed": (
        _("DingTalk does not accept calls from this server"),
        _("The app has a list of allowed network addresses, and the portal's is not on it."),
        _(
            "In DingTalk's developer console open your app, then Security settings, and add the address from which "
            "the portal's server goes out to the internet."
        ),
    ),
    "throttled": (
        _("DingTalk asks to slow down"),
        _("Too many calls were made within a short time; DingTalk did nothing."),
        _TRY_LATER,
    ),
    "quota_exhausted": (
        _("The organisation's monthly calls to DingTalk are used up"),
        _(
            "DingTalk answers no more counted calls this month; the portal asks once an hour whether it does again."
        ),
        _("A DingTalk administrator can buy more calls in DingTalk's developer console; else wait."),
    ),
    "unreachable": (
        _("DingTalk cannot be reached"),
        _("The portal's server could not connect, so nothing was sent."),
        _("Let your operators check that the server may connect to DingTalk, then try again."),
    ),
    "no_answer": (
        _("DingTalk did not answer in time"),
        _("The call went out, but whether it did its work is not known yet."),
        _("Wait a moment and try again: the portal looks first whether it is already there."),
    ),
    "server_trouble": (
        _("DingTalk has trouble of its own"),
        _("It reported an internal error."),
        _TRY_LATER,
    ),
    "address_wrong": (
        _("DingTalk does not know this address"),
        _("The portal's deployment names an address that does not answer this call."),
        _("Let your operators check the DINGTALK_API_URL and DINGTALK_OAPI_URL settings."),
    ),
    "template_gone": (
        _("The approval template no longer exists in DingTalk"),
        _("It was deleted there, or belongs to another organisation."),
        _("Associate a template again under Approval Settings, Associate Approval Template."),
    ),
    "template_disabled": (
        _("The approval template is switched off in DingTalk"),
        _("Templates that are stopped or not published start no approvals."),
        _("In DingTalk's OA admin console enable or publish the template, then try again."),
    ),
    "template_name_taken": (
        _("This name already belongs to another template"),
        _("Your organisation has a template of this name that the portal cannot see or did not make."),
        _("Choose another name, then press One-click Generation again."),
    ),
    "template_limit": (
        _("The organisation has as many templates as DingTalk allows"),
        _("DingTalk makes no further ones."),
        _("Delete one that is not used in DingTalk's OA admin console, then try again."),
    ),
    "template_not_manageable": (
        _("You may not manage this template in DingTalk"),
        _("Only its administrators and the main administrators may."),
        _("Let one of them add you as an administrator of the template, or choose another template."),
    ),
    "form_schema_refused": (
        _("DingTalk does not accept the fields of the form"),
        _("One of the fields is not allowed in this organisation."),
        _("Give your operators the message below: the portal may need an update."),
    ),
    "form_values_refused": (
        _("DingTalk does not accept what was entered into the form"),
        _("The fields of the template were probably changed in DingTalk."),
        _(
            "An organization admin associates the template again under Approval Settings, so that fields match."
        ),
    ),
    "not_visible": (
        _("The template is not visible to this person"),
        _("In DingTalk the template may be used by some people or departments only."),
        _(
            "In DingTalk's OA admin console edit the template, then Basic settings, and widen who may start it; "
            "then try again."
        ),
    ),
    "person_unknown": (
        _("DingTalk does not know one of the people"),
        _("Somebody who takes part has left the organisation or was removed."),
        _("Check the requester and the approver in DingTalk's contacts, and choose somebody who is there."),
    ),
    "department_wrong": (
        _("DingTalk does not accept who takes part"),
        _("The requester is not in the department, or one of the people is not in the organisation."),
        _("Check people and departments in DingTalk's contacts, sign in again and try once more."),
    ),
    "parameters_refused": (
        _("DingTalk refused what the portal sent"),
        _("Something in it does not fit the template or the people."),
        _(
            "Associate the template again under Approval Settings. If it stays, give your operators the message."
        ),
    ),
    "approver_missing": (
        _("The flow asks for another approver"),
        _("The template has a node “Selected by Initiator” that was left empty: the flow was changed."),
        _("Try again: the portal reads the flow anew. If it stays, associate the template again."),
    ),
    "approver_out_of_range": (
        _("The approver may not be chosen in this flow"),
        _("The node “Selected by Initiator” allows some people only, and the approver is not one of them."),
        _("In DingTalk's designer widen who may be selected at this node, publish, and try again."),
    ),
    "instance_gone": (
        _("The approval no longer exists in DingTalk"),
        _("It was deleted there."),
        _("Ask again: what is gone in DingTalk cannot be decided any more."),
    ),
    "instance_state": (
        _("The approval cannot do that right now"),
        _("It has ended, or was started less than 15 seconds ago."),
        _TRY_LATER,
    ),
    "withdrawal_refused": (
        _("DingTalk refused to withdraw the approval"),
        _(
            "The template forbids requesters to withdraw (DingTalk’s code for that is 820008), or the approval has "
            "just ended."
        ),
        _(
            "In DingTalk’s OA admin console edit the template, open Advanced settings, switch on "
            "允许提交人撤销审批中的审批单 (let the requester withdraw a running approval) and publish it. Or let "
            "somebody who decides refuse it in DingTalk."
        ),
    ),
    "agent_id_wrong": (
        _("The Agent ID is wrong"),
        _("DingTalk does not know it in this organisation."),
        _("Copy it again from the console into Approval Settings, DingTalk app, or leave it empty."),
    ),
    "outside_contact_scope": (
        _("The app may not see this person or department"),
        _("Its contact scope covers only a part of the organisation."),
        _("In DingTalk's developer console open your app, then Permission management, and widen its scope."),
    ),
    "auth_code_invalid": (
        _("The sign-in has expired"),
        _("DingTalk's sign-in code is used up or too old."),
        _("Please sign in again."),
    ),
    "other_organisation": (
        _("This account belongs to another organisation"),
        _("Only members of the organisation of this portal can sign in."),
        _("Sign in again and choose the organisation that this portal belongs to."),
    ),
    "blacklisted": (
        _("DingTalk has blocked the template or the app"),
        _("It stands on a list of DingTalk's own."),
        _("Only DingTalk's support can lift that: give them the message below."),
    ),
    "premium_needed": (
        _("This needs a premium edition of DingTalk OA"),
        _("The organisation's edition does not include it."),
        _("Remove premium settings from the template in DingTalk's designer, or upgrade the edition."),
    ),
    "unexpected": (
        _("DingTalk answered something unexpected"),
        _("The portal does not know this answer."),
        _("Try again in a moment. If it stays, give your operators the message below."),
    ),
    OwnFailure.NOT_BOUND: (
        _("DingTalk is not connected yet"),
        _("Without the DingTalk app the portal cannot reach your organisation."),
        _("An organization admin connects it under Approval Settings, DingTalk app."),
    ),
    OwnFailure.SECRETS_UNREADABLE: (
        _("The stored secrets of the DingTalk app cannot be read"),
        _("They were encrypted with another secret key than the portal runs with now."),
        _(
            "Let your operators start the portal with the PORTAL_SECRET_KEY it had before. If that is lost, enter "
            "the app secret, the aes_key and the token again under Approval Settings, DingTalk app."
        ),
    ),
    OwnFailure.NO_TEMPLATE: (
        _("No approval template is associated"),
        _("Approvals are started with a template, and none has been chosen yet."),
        _("An organization admin associates one under Approval Settings."),
    ),
    OwnFailure.FLOW_CHANGED: (
        _("DingTalk could not work out the flow"),
        _("The template's flow was probably changed a moment ago."),
        _("Wait a moment and try again. If it stays, check the flow in DingTalk's designer and publish it."),
    ),
    OwnFailure.APPROVER_LEFT: (
        _("The approver has left the organisation"),
        _("Somebody who is no longer active cannot decide: %(name)s."),
        _("Choose another approver, or give the resource another owner."),
    ),
    OwnFailure.REQUESTER_LEFT: (
        _("The requester has left the organisation"),
        _("DingTalk starts approvals only in the name of active members."),
        _("Nothing is to be done, unless they come back."),
    ),
    OwnFailure.NOT_FOUND_AFTER_UNKNOWN: (
        _("The approval was not found in DingTalk"),
        _("DingTalk gave no clear answer, and for some minutes the approval was not found there."),
        _(
            "Another try looks for it once more and starts it only if it is not there. Should it still appear "
            "later, the portal withdraws it by itself."
        ),
    ),
    OwnFailure.BYPASS_NOT_ACKNOWLEDGED: (
        _("People in the flow would be passed over"),
        _(
            "The flow runs peer to peer only, and no admin has accepted yet that these people are not asked: "
            "%(people)s."
        ),
        _(
            "An organization admin accepts that under Approval Settings, Flow, or mends the flow in DingTalk's "
            "designer as it says there. Then this goes on by itself."
        ),
    ),
    OwnFailure.NOT_A_CANDIDATE: (
        _("The approver may not be chosen in this flow"),
        _("The node “%(node)s” allows only these people: %(people)s."),
        _(
            "In DingTalk's designer widen who may be selected at this node, then Save and Publish; or let one of "
            "them be the approver."
        ),
    ),
    OwnFailure.CHOICE_MISSING: (
        _("The flow in DingTalk was changed: it asks for another approver"),
        _("The node “%(node)s”, as it is now, needs somebody, and nobody was chosen for it."),
        _("The requester chooses approvers again on the page of the request."),
    ),
    OwnFailure.CHOICE_NOT_ALLOWED: (
        _("The flow in DingTalk was changed: it no longer allows this choice"),
        _("At the node “%(node)s” these people cannot be chosen any more: %(people)s."),
        _("The requester chooses approvers again on the page of the request."),
    ),
    OwnFailure.CHOICE_REFUSED: (
        _("DingTalk did not accept the approvers"),
        _("The flow was probably changed at the very moment of the start. Nothing was created."),
        _("The requester chooses approvers again on the page of the request."),
    ),
    OwnFailure.CHOSEN_LEFT: (
        _("Somebody who was chosen has left the organisation"),
        _("These people can no longer decide: %(people)s."),
        _("The requester chooses approvers again on the page of the request."),
    ),
    OwnFailure.FLOW_NOT_USABLE: (
        _("The flow in DingTalk cannot be used"),
        _("It would refuse every request, or it has a node that the portal cannot fill."),
        _(
            "An organization admin finds what to mend under Approval Settings, Flow. Then this goes on by itself."
        ),
    ),
    OwnFailure.NO_AGENT_ID: (
        _("The Agent ID is missing"),
        _("DingTalk sends notices only in the name of an app that it is told by its Agent ID."),
        _(
            "Copy the Agent ID from DingTalk's developer console (your app, Credentials and basic information) into "
            "Approval Settings, DingTalk app. Save; the next notice is sent."
        ),
    ),
    OwnFailure.PUSHES_USED_UP: (
        _("The organisation's monthly event pushes are used up"),
        _("DingTalk sends events without their content, so nobody can tell what they are about."),
        _(
            "A DingTalk administrator can buy more pushes in DingTalk's developer console. Until then, or until the "
            "new month, the portal asks DingTalk by itself, so outcomes come late."
        ),
    ),
    OwnFailure.STREAM_LIBRARY_MISSING: (
        _("DingTalk's Stream library is not installed"),
        _("The process “portal stream” runs, but without the library it cannot connect."),
        _("Let your operators install approval-portal[stream] and start “portal stream” again."),
    ),
    OwnFailure.STREAM_UNREACHABLE: (
        _("The Stream connection could not be made"),
        _("DingTalk gave an address for it, but no connection came about (%(error)s)."),
        _(
            "Let your network administrators allow outgoing websocket connections (wss, port 443) to DingTalk. The "
            "portal tries again by itself."
        ),
    ),
    OwnFailure.NOTICE_WITHHELD: (
        _("DingTalk took the notice but did not deliver it"),
        _("The person may not use the app, or was sent too many notices today. DingTalk's reason: %(code)s."),
        _(
            "In DingTalk's developer console open your app, then its visible range, and let everybody use it who "
            "asks for access here."
        ),
    ),
}


def failure_words(failure: Failure) -> FailureWords:
    """Return the words for one failure; kinds stored by another version read as unexpected."""
    words = (
        _WORDS.get(failure.kind)
        or WEBHOOK_WORDS.get(failure.kind)
        or GRANT_FAILURE_WORDS.get(failure.kind)
        or QUICKBI_WORDS.get(failure.kind)
        or _WORDS["unexpected"]
    )
    title, reason, remedy = (_filled(each, failure.facts) for each in words)
    return FailureWords(title=title, reason=reason, remedy=remedy)


def _filled(words: LazyString, facts: dict[str, str]) -> str:
    text = str(words)
    for name, value in facts.items():
        text = text.replace(f"%({name})s", names_words(value) if name == "people" else value)
    return text
