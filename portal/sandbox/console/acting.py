"""Who somebody acts as in the OA pages, remembered in the sandbox's own session."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import request, session
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.sandbox.clock import as_datetime
from portal.sandbox.console.language import LANGUAGES, select_language
from portal.sandbox.runtime import current_sandbox
from portal.sandbox.tables import Person, Relation

KEY = "acting_as"


def acting_as() -> str:
    """The userid chosen at the top of the page, or empty."""
    return str(session.get(KEY, ""))


def act_as(userid: str) -> None:
    """Remember the choice."""
    session[KEY] = userid


def staff(database: Session) -> list[Person]:
    """Everybody who can be chosen, in the cast's order."""
    working = select(Person).where(Person.is_active, Person.relation == Relation.STAFF)
    return list(database.scalars(working.order_by(Person.position)))


def _in_language(code: str) -> str:
    asked = {**request.args.to_dict(), "lang": code}
    return f"{request.path}?{urlencode(asked)}"


def _nobody(userid: str) -> str:
    # What DingTalk puts in the place of a person where a node decides by itself.
    return _("DingTalk, by itself") if userid.startswith("V00_") else userid


def page_context() -> dict[str, Any]:
    """What every page's frame shows."""
    with current_sandbox().storage.read() as database:
        people = staff(database)
        names = dict(database.execute(select(Person.userid, Person.name)).tuples().all())
    chosen = acting_as()
    return {
        "people": people,
        "acting": next((person for person in people if person.userid == chosen), None),
        "name_of": lambda userid: names.get(userid) or _nobody(userid),
        "as_datetime": as_datetime,
        "languages": LANGUAGES,
        "language": select_language(),
        "here": request.full_path.rstrip("?"),
        "in_language": _in_language,
    }
