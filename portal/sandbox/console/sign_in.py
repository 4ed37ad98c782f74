"""The OAuth page: pick a person with one click (DingTalk: obtain-identity-credentials)."""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from portal.sandbox.console.auth_codes import issue_code
from portal.sandbox.console.headers import allow_form_target
from portal.sandbox.runtime import current_sandbox
from portal.sandbox.settings import load as load_settings
from portal.sandbox.tables import Person, Relation

blueprint = Blueprint("sign_in", __name__)


@blueprint.get("/oauth2/auth")
def page() -> ResponseReturnValue:
    """Ask who is signing in, or say what is wrong about the portal's request."""
    problem = _problem()
    if problem:
        return render_template("sandbox/sign_in_refused.html", problem=problem, given=request.args), 400
    allow_form_target(request.args["redirect_uri"])
    with current_sandbox().storage.read() as session:
        everybody = session.scalars(select(Person).order_by(Person.position)).all()
    return render_template(
        "sandbox/sign_in.html",
        staff=[each for each in everybody if each.relation == Relation.STAFF and each.is_active],
        strangers=[each for each in everybody if each.relation != Relation.STAFF],
        target=urlsplit(request.args["redirect_uri"]).netloc,
        **_whole_organisation(),
    )


@blueprint.post("/oauth2/auth")
def choose() -> ResponseReturnValue:
    """Go back to the portal with a one-time code, or with an error when nobody was chosen."""
    problem = _problem()
    if problem:
        return render_template("sandbox/sign_in_refused.html", problem=problem, given=request.args), 400
    address, answer = request.args["redirect_uri"], {"error": "access_denied"}
    with current_sandbox().storage.write() as session:
        person = session.get(Person, request.form.get("userid", ""))
        if person is not None and person.is_active:
            with_corp_id = "corpid" in request.args["scope"].split()
            answer = {"authCode": issue_code(session, userid=person.userid, with_corp_id=with_corp_id)}
    if "state" in request.args:
        answer["state"] = request.args["state"]
    return redirect(f"{address}{'&' if '?' in address else '?'}{urlencode(answer)}", code=303)


def _problem() -> str:
    given, config = request.args, current_sandbox().config
    if given.get("client_id") != config.app_key:
        return "client_id"
    if given.get("response_type") != "code":
        return "response_type"
    if "openid" not in given.get("scope", "").split():
        return "scope"
    if given.get("prompt") != "consent":
        return "prompt"
    with current_sandbox().storage.read() as session:
        registered = load_settings(session).redirect_urls
    return "" if _may_return_to(given.get("redirect_uri", ""), registered) else "redirect_uri"


def _may_return_to(address: str, registered: list[str]) -> bool:
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return False
    if address in registered:
        return True
    try:
        return parts.hostname == "localhost" or ipaddress.ip_address(parts.hostname).is_loopback
    except ValueError:
        return False


def _whole_organisation() -> dict[str, Any]:
    return {"corp_id": current_sandbox().config.corp_id}
