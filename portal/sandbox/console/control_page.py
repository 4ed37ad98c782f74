"""The control API as a page, for whoever writes tests against the sandbox."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from portal.sandbox.control import routes
from portal.sandbox.control.guard import HEADER
from portal.sandbox.faults import FaultName

blueprint = Blueprint("control_page", __name__)


@blueprint.get("/control")
def page() -> ResponseReturnValue:
    """The list that the module documents."""
    lines = (routes.__doc__ or "").partition("\n- ")[2].split("\n- ")
    entries = [" ".join(line.replace("``", "").split()) for line in lines]
    return render_template("sandbox/control.html", entries=entries, header=HEADER, faults=list(FaultName))
