"""What a failure of Quick BI means and what to do about it, for requesters and admins alike."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from portal.grants.quickbi.refusals import Refusal

_SETTINGS = _("An organization admin opens Approval Settings, Quick BI, and presses Check connection.")
_AGAIN = _("Nothing needs to be changed: the portal tries again by itself.")

QUICKBI_WORDS: dict[str, tuple[LazyString, LazyString, LazyString]] = {
    Refusal.NOT_CONNECTED: (
        _("Quick BI is not connected"),
        _("No access key is stored, so the portal can neither give access nor take it away."),
        _("An organization admin enters one under Approval Settings, Quick BI; what waits is then done."),
    ),
    Refusal.SECRET_UNREADABLE: (
        _("The secret of Quick BI's access key cannot be opened"),
        _("It was stored under another secret key of the portal."),
        _("Let your operators bring back PORTAL_SECRET_KEY as it was, or enter the secret again."),
    ),
    Refusal.PERSON_NOT_BOUND: (
        _("Quick BI does not know this person yet"),
        _("No Quick BI account is bound to the DingTalk account of %(person)s."),
        _(
            "%(person)s opens Quick BI from DingTalk once, or a Quick BI administrator binds the account under "
            "member management. Then press Try again."
        ),
    ),
    Refusal.RESOURCE_NOT_FOUND: (
        _("The resource is not in Quick BI any more"),
        _(
            "Quick BI knows nothing by the id of %(resource)s: it was deleted, or belongs to another organisation."
        ),
        _("A permission administrator corrects or retires it in the catalogue; then ask again."),
    ),
    Refusal.CATALOGUED_ELSEWHERE: (
        _("The catalogue and Quick BI do not mean the same work"),
        _("By the id of %(resource)s Quick BI has a work of another type, or in another workspace."),
        _(
            "A permission administrator corrects it in the catalogue, or reads Quick BI again. Then press Try again."
        ),
    ),
    Refusal.NOT_PUBLISHED: (
        _("The work is not published in Quick BI"),
        _("Nobody but its editors can open %(resource)s before it is published."),
        _("Its owner publishes it in Quick BI. Then press Try again."),
    ),
    Refusal.WORKSPACE_SHARING_OFF: (
        _("The workspace does not allow that access is given"),
        _(
            "Authorisation is switched off for the workspace %(workspace)s, for everybody and every work in it."
        ),
        _(
            "A workspace administrator switches on in Quick BI, in the settings of the workspace, that works can be "
            "authorised. Then press Try again."
        ),
    ),
    Refusal.EDIT_ON_PRIVATE: (
        _("Edit would not take effect: the work is private"),
        _(
            "The edit permission of %(resource)s is set to private in Quick BI. Only its owner and administrators "
            "can edit it then, whatever else is given."
        ),
        _(
            "Its owner sets the edit permission to specified members in Quick BI. Then press Try again. An "
            "organization admin can also let the portal do that under Approval Settings, Quick BI."
        ),
    ),
    Refusal.LEVEL_NOT_SETTLED: (
        _("It is not settled how this level is given in Quick BI"),
        _("Quick BI does not document which value its interface takes for this level."),
        _(
            "An organization admin enters the value, or chooses that such access is given by hand, under Approval "
            "Settings, Quick BI. Then press Try again."
        ),
    ),
    Refusal.PORTAL_EDIT: (
        _("Edit on a data portal cannot be given by the portal"),
        _("Quick BI has no interface for it."),
        _(
            "The owner gives it in Quick BI. An organization admin can have such access given by hand under "
            "Approval Settings, Quick BI. Then press Try again."
        ),
    ),
    Refusal.NO_LEAF_MENUS: (
        _("The data portal has no menu that can be given"),
        _("Access is given menu by menu, and folders cannot be given."),
        _("The portal's owner adds a menu in Quick BI. Then press Try again."),
    ),
    Refusal.ONLY_LINK_MENUS: (
        _("Export cannot be given: all menus of the data portal are links"),
        _("Quick BI knows only View for menus that lead to another address."),
        _("Ask for View instead, or for access to what the links lead to."),
    ),
    Refusal.NOT_SEEN_AFTERWARDS: (
        _("Quick BI took the access but does not show it"),
        _("It answered with success, and a look right after found nothing."),
        _AGAIN,
    ),
    Refusal.STILL_OPEN_AFTERWARDS: (
        _("Quick BI said that the access was taken away, but still shows it"),
        _("It answered with success, and a look right after still found it."),
        _AGAIN,
    ),
    Refusal.ENDED_BEFORE_DELIVERY: (
        _("The access ended before it could be given"),
        _("Its end has passed while it waited."),
        _("Ask again for as long as it is still needed."),
    ),
    "quickbi_sdk_missing": (
        _("The library for Quick BI is not installed"),
        _("The portal was installed without the extra quickbi."),
        _("Let your operators install it: pip install 'approval-portal[quickbi]'. Then press Try again."),
    ),
    "quickbi_credentials_wrong": (
        _("Quick BI does not accept the access key"),
        _("The key is unknown, switched off, or its secret is another one; or the server's clock is wrong."),
        _("An organization admin enters id and secret again under Approval Settings, Quick BI, and checks."),
    ),
    "quickbi_caller_not_allowed": (
        _("The access key's account may not do this in Quick BI"),
        _(
            "It has to have signed in to Quick BI once and be an organization administrator there, or be allowed to "
            "call its interface; the organisation needs Professional Edition."
        ),
        _("A Quick BI administrator gives the account that role. Then press Check connection."),
    ),
    "quickbi_instance_expired": (
        _("Quick BI is not available to this organisation"),
        _("Its subscription has expired, or the access key belongs to another organisation."),
        _("Renew Quick BI, or enter a key of the right organisation under Approval Settings, Quick BI."),
    ),
    "quickbi_person_unknown": (
        _("Quick BI does not count this person as a member"),
        _("The person left the Quick BI organisation, or was never added to it."),
        _("A Quick BI administrator adds the person. Then press Try again."),
    ),
    "quickbi_resource_gone": (
        _("The resource is not in Quick BI any more"),
        _("It was deleted there, or belongs to another organisation."),
        _("A permission administrator corrects or retires it in the catalogue; then ask again."),
    ),
    "quickbi_parameters_refused": (
        _("Quick BI does not accept what was sent"),
        _("Level, end or resource do not fit what Quick BI expects there."),
        _("Give your operators the message: options under Approval Settings, Quick BI, may have to change."),
    ),
    "quickbi_sharing_off": (
        _("The organisation does not allow that access is given"),
        _(
            "Authorisation of such works is switched off for the whole Quick BI organisation, or for the workspace."
        ),
        _(
            "A Quick BI organization administrator allows it in the organisation's security settings. Then press "
            "Try again."
        ),
    ),
    "quickbi_inherited_from_workspace": (
        _("The person keeps access through the workspace"),
        _("The resource was given to all members of the workspace, so Quick BI takes it from nobody alone."),
        _(
            "The owner ends the authorisation of the workspace in Quick BI, or the person leaves the workspace. Then "
            "press Try again."
        ),
    ),
    "quickbi_inherited_from_group": (
        _("The person keeps access through a user group"),
        _("The resource was given to the user group %(through)s, so Quick BI takes it from nobody alone."),
        _(
            "A Quick BI administrator takes the person out of the group, or ends the group's authorisation. Then "
            "press Try again."
        ),
    ),
    "quickbi_inherited_otherwise": (
        _("The person keeps access by another way"),
        _("Quick BI does not take the access away, because it also comes from somewhere else."),
        _("The owner ends that in Quick BI, in the list of who may open the resource. Then press Try again."),
    ),
    "quickbi_column_model_old": (
        _("Column permissions of this dataset are of the older kind"),
        _("Quick BI changes them from outside only after the one-click upgrade."),
        _("A Quick BI administrator upgrades row and column permissions. Then press Try again."),
    ),
    "quickbi_throttled": (
        _("Quick BI asks to slow down"),
        _("Too many calls were made within a second; nothing was done."),
        _AGAIN,
    ),
    "quickbi_server_trouble": (
        _("Quick BI has trouble of its own"),
        _("It reported an internal error."),
        _AGAIN,
    ),
    "quickbi_unreachable": (
        _("Quick BI cannot be reached"),
        _("The portal's server could not connect, so nothing was sent."),
        _(
            "Let your operators check that the server may connect to Quick BI; the portal tries again by itself."
        ),
    ),
    "quickbi_no_answer": (
        _("Quick BI did not answer in time"),
        _("The call went out, but whether it did its work is not known yet."),
        _("The portal looks first what is there, and then tries again by itself."),
    ),
    "quickbi_unexpected": (
        _("Quick BI answered something that the portal does not know"),
        _("The message of Quick BI is kept with this grant."),
        _SETTINGS,
    ),
}
