"""What the doctor found about Quick BI: the fact, and what to do."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from portal.services.doctor.findings import Found
from portal.web.words.doctor_portal import Words

QUICKBI_FINDINGS: dict[Found, Words] = {
    Found.QUICKBI_NOT_USED: (_("Not needed: Quick BI is not connected, and nothing is delivered there."), ()),
    Found.QUICKBI_ANSWERS: (_("Quick BI accepts the access key and answers."), ()),
    Found.QUICKBI_SHARING_ON: (_("Every workspace lets its works be given."), ()),
    Found.QUICKBI_SHARING_OFF: (
        _("These workspaces let nothing be given: %(names)s."),
        (
            _("A workspace administrator switches on in Quick BI that works can be authorised."),
            _(
                "Is that on purpose? Then nothing needs to be changed: the portal says so before somebody asks."
            ),
        ),
    ),
    Found.QUICKBI_PEOPLE_KNOWN: (_("Quick BI knows those who came to the portal last."), ()),
    Found.QUICKBI_PEOPLE_UNKNOWN: (
        _("No Quick BI account is bound to the DingTalk accounts of: %(names)s."),
        (
            _("They open Quick BI from DingTalk once, or a Quick BI administrator binds their accounts."),
            _(
                "Is it nearly everybody? Then DingTalk is not bound in Quick BI: see its integration settings."
            ),
        ),
    ),
}
