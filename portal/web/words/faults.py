"""What is wrong with one input."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from portal.services.faults import FieldFault
from portal.web.words.webhook_failures import ADDRESS_WORDS

_WORDS: dict[tuple[str, str], LazyString] = {
    ("corp_id", "identifier"): _("Enter the Corp ID: 3 to 64 letters, digits, - or _."),
    ("app_key", "identifier"): _("Enter the app key: 3 to 64 letters, digits, - or _."),
    ("agent_id", "number"): _("The Agent ID has only digits. Leave it empty if you do not have it."),
    ("app_secret", "missing"): _("Enter the app secret as DingTalk's console shows it."),
    ("app_secret", "too_long"): _("The app secret is at most 128 characters long."),
    ("callback_token", "token_shape"): _("The token has 3 to 32 letters and digits. Generate makes one."),
    ("callback_aes_key", "aes_key_shape"): _(
        "The aes_key has exactly 43 letters and digits. Generate makes one."
    ),
    ("version", "unknown"): _("This page is out of date. Load it again."),
    ("event_road", "unknown"): _("Choose HTTP callback or Stream."),
    ("template", "unknown"): _("Choose a template that this organisation has."),
    ("name", "name_length"): _("Enter a name of 1 to 64 characters."),
    ("person", "not_in_organisation"): _("This person is not an active member of the organisation."),
    ("person", "missing"): _("Choose a person."),
    ("delegate", "missing"): _("Choose who decides instead."),
    ("delegate", "yourself"): _("Choose somebody else to decide instead."),
    ("delegate", "not_in_organisation"): _("Choose somebody who is an active member of the organisation."),
    ("delegate", "not_active"): _("Choose somebody who is an active member of the organisation."),
    ("starts_on", "missing"): _("Enter the first day of the leave, like 2027-03-01."),
    ("ends_on", "missing"): _("Enter the last day of the leave, like 2027-03-31."),
    ("ends_on", "past"): _("The last day cannot lie before the first day or before today."),
    ("ends_on", "too_far"): _("A leave ends within a year."),
    ("edit_permission", "unknown"): _("Choose one of the choices for the edit permission."),
    ("target", "unknown"): _("Choose one of the choices for what gives access."),
    ("member", "synced"): _("Quick BI tells this person's place in the workspace. Change it there."),
    ("escalates_after_days", "too_far"): _("Enter a whole number from %(first)s to %(last)s, or nothing."),
    ("lapses_after_days", "too_far"): _("Enter a whole number from %(first)s to %(last)s, or nothing."),
    ("lapses_after_days", "before_escalation"): _("It must be more days than before the next kind is asked."),
    ("nudge_pause_hours", "too_far"): _("Enter a whole number from %(first)s to %(last)s."),
    ("usual_days", "too_far"): _("Enter a whole number from %(first)s to %(last)s."),
    ("longest_days", "too_far"): _("Enter a whole number from %(first)s to %(last)s."),
    ("approver", "missing"): _("Choose the approver of the Test."),
    ("approver", "is_yourself"): _("Choose somebody else: nobody approves their own request."),
    ("approver", "not_active"): _("Choose somebody who is an active member."),
    ("approver", "audits"): _("Choose somebody else: auditors decide nothing."),
    ("fallback_approver", "missing"): _("Choose a person."),
    ("payload_kept_days", "too_far"): _("Enter a whole number of days from %(first)s to %(last)s."),
    ("monthly_call_quota", "out_of_range"): _("Enter a whole number from 1 to 10,000,000."),
    ("entitlement", "not_for_this_resource"): _("Choose a level that this resource has."),
    ("reason", "missing"): _("Say why you need access: the approver reads it."),
    ("reason", "too_long"): _("The reason may have at most %(limit)s characters."),
    ("grant_reason", "missing"): _("Say why: whoever has asked for the access reads it."),
    ("grant_reason", "too_long"): _("The reason may have at most %(limit)s characters."),
    ("verdict", "missing"): _("Press Approve or Reject."),
    ("approval", "missing"): _("Select at least one of them."),
    ("decision_reason", "missing"): _("Say why you reject it: the requester reads it."),
    ("decision_reason", "too_long"): _("The reason may have at most %(limit)s characters."),
    ("resource", "missing"): _("Choose a resource."),
    ("resource", "too_many"): _("Ask for at most %(limit)s resources at once. Remove some."),
    ("entitlement", "twice"): _(
        "Another level of the same resource in this request includes this one, or is included in it. Remove one."
    ),
    ("entitlement", "refused_visitor"): _("Visitors of Quick BI cannot hold this level. Choose another one."),
    ("entitlement", "refused_analyst"): _(
        "Only developers of Quick BI can hold this level. Choose another one."
    ),
    ("entitlement", "refused_workspace_viewer"): _(
        "Viewers of the workspace cannot hold this level. Choose another one."
    ),
    ("entitlement", "refused_workspace_analyst"): _(
        "Only developers and administrators of the workspace can hold this level. Choose another one."
    ),
    ("entitlement", "refused_not_a_member"): _(
        "Only members of the workspace can hold this level. Choose another one, or ask to join the workspace first."
    ),
    ("entitlement", "refused_sharing_off"): _("The workspace does not allow its resources to be shared."),
    ("columns", "missing"): _("Choose at least one of the columns."),
    ("confirmed", "missing"): _("Confirm this to ask for access."),
    ("again", "pending"): _(
        "%(number)s asks for this already and waits for a decision. Tick the box if you mean to ask again."
    ),
    ("approver", "changed"): _("Who can decide has changed in the meantime. Look at it and choose again."),
    ("on_behalf_of", "not_active"): _("Choose a colleague who is an active member of the organisation."),
    ("on_behalf_of", "yourself"): _("Choose a colleague: for yourself you simply ask."),
    ("resource", "unknown"): _("Choose a resource from the list: this one does not exist (any more)."),
    ("days", "missing"): _("Choose how long you need access."),
    ("days", "too_far"): _("Choose between 1 and %(limit)s days."),
    ("until", "missing"): _("Choose how long you need access, or until which day."),
    ("until", "past"): _("Choose a day in the future."),
    ("until", "too_far"): _("Choose a day within the next %(limit)s days."),
    ("choice", "missing"): _("Choose who approves."),
    ("choice", "yourself"): _("Choose somebody else: nobody approves their own request."),
    ("choice", "not_a_candidate"): _("Choose only people whom the approval flow allows here."),
    ("choice", "only_one"): _("Choose one person: the approval flow allows no more here."),
    ("choice", "too_many"): _("Choose at most 20 people."),
    ("choice", "not_active"): _("Choose people who are active members of the organisation."),
    ("choice", "flow_changed"): _(
        "The approval flow was changed in DingTalk a moment ago. Look at it again and choose who approves."
    ),
    ("department", "not_yours"): _("Choose one of your own departments."),
    ("username", "shape"): _("Use 1 to 64 letters, digits, - . _ or @ as the user name."),
    ("username", "taken"): _("Somebody has this user name already."),
    ("person_name", "length"): _("Enter a name of 1 to 64 characters."),
    ("view_name", "length"): _("Give the view a name of 1 to 64 characters."),
    ("view_name", "too_many"): _("You keep 30 views of this list already: delete one first."),
    ("view_name", "saved_meanwhile"): _("A view of this name was saved a moment ago. Load the page again."),
    ("external_id", "missing"): _("Enter the id that this resource has in the BI tool."),
    ("external_id", "taken"): _(
        "The catalogue already has a resource of this type and id, perhaps a retired one."
    ),
    ("name", "missing"): _("Enter a name."),
    ("resource_type", "unknown"): _("Choose a type."),
    ("external_id", "longer"): _("At most %(limit)s characters."),
    ("name", "longer"): _("At most %(limit)s characters."),
    ("workspace", "longer"): _("At most %(limit)s characters."),
    ("workspace", "not_yours"): _("Choose a workspace that you administer."),
    ("owner", "longer"): _("At most %(limit)s characters."),
    ("owner", "not_in_organisation"): _("This person is not an active member of the organisation."),
    ("owner_name", "longer"): _("At most %(limit)s characters."),
    ("link", "longer"): _("At most %(limit)s characters."),
    ("quickbi_endpoint", "address"): _(
        "Enter an https address without a path, like https://quickbi-public.cn-hangzhou.aliyuncs.com."
    ),
    ("quickbi_key_id", "identifier"): _("Enter the AccessKey ID: 8 to 64 letters and digits."),
    ("quickbi_secret", "missing"): _("Enter the secret that belongs to the AccessKey ID."),
    ("edit_on_private", "unknown"): _("Choose one of the offered answers."),
    **{
        (f"{level}_points", reason): _("Enter a whole number from 1 to 10000, or nothing.")
        for level in ("use", "submit", "manage_own", "manage")
        for reason in ("number", "quickbi_points")
    },
    ("link", "not_a_link"): _("Enter an address that begins with https:// or http://."),
    ("description", "longer"): _("At most %(limit)s characters."),
    ("confirmation", "longer"): _("At most %(limit)s characters."),
    ("masked_columns", "longer"): _("At most %(limit)s characters."),
    ("masked_columns", "no_dataset"): _("Only datasets have masked columns."),
    ("file", "missing"): _("Choose a CSV file."),
    ("file", "empty"): _("The file has no lines."),
    ("file", "too_large"): _("The file is larger than %(limit)s MB. Split it into several."),
    ("file", "too_many_lines"): _("The file has more than %(limit)s lines. Split it into several."),
    ("file", "encoding"): _(
        "The file is no text in UTF-8 or GB18030. Save it as “CSV UTF-8” and upload that."
    ),
    ("file", "not_csv"): _("Line %(line)s is no CSV: look at its quotation marks."),
    ("file", "no_column"): _("The first line has to name the columns, and “%(column)s” is not among them."),
    ("file", "column_unknown"): _(
        "The first line names a column that the portal does not know: “%(column)s”."
    ),
    ("file", "column_twice"): _("The first line names the column “%(column)s” twice."),
    ("password", "locked"): _("Too many attempts. Wait 15 minutes, then try again."),
    ("password", "wrong"): _("User name or password is wrong."),
    ("current_password", "locked"): _("Too many attempts. Wait 15 minutes, then try again."),
    ("current_password", "wrong"): _("This is not your present password."),
    ("password", "too_short"): _("The password needs at least 12 characters."),
}
_UNFORESEEN = _("This cannot be used. Check it and try again.")


def fault_sentence(fault: FieldFault) -> str:
    """Return the sentence that stands beside the field."""
    text = str((_WORDS | ADDRESS_WORDS).get((fault.field, fault.reason), _UNFORESEEN))
    for name, value in fault.facts.items():
        text = text.replace(f"%({name})s", value)
    return text
