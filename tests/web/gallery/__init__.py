"""A small site that shows every part of the portal's look, and wires the web foundation as the portal does."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

from flask import Blueprint, Flask, Response, abort, flash, redirect, render_template, request, session
from flask_babel import Babel
from flask_wtf import CSRFProtect, FlaskForm
from htmx_flask import Htmx
from wtforms import BooleanField, RadioField, SelectChoice, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from portal.web.errors import PROBLEMS, answer_problem, init_errors
from portal.web.formatters import init_formatters
from portal.web.headers import init_headers
from portal.web.htmx import redirect_or_refresh, render
from portal.web.icons import init_icons
from portal.web.languages import init_languages, select_locale

ROOT = Path(__file__).parents[3]
gallery = Blueprint("gallery", __name__, template_folder="templates")
sign_in = Blueprint("sign_in", __name__)


def _choice(value: str, label: str) -> SelectChoice:
    return SelectChoice(value=value, label=label)


class RequestForm(FlaskForm):
    dashboard = StringField("Dashboard", [InputRequired("Choose a dashboard.")])
    level = SelectField("Level", choices=[_choice("view", "View"), _choice("export", "Export 导出")])
    days = RadioField(
        "For how long",
        [InputRequired("Choose how long.")],
        choices=[_choice("30", "30 days"), _choice("90", "90 days")],
    )
    reason = TextAreaField(
        "Reason 申请理由", [Optional(), Length(max=20, message="Use 20 characters or fewer.")]
    )
    is_urgent = BooleanField("It is urgent")


class TemplateForm(FlaskForm):
    name = StringField("Template name", [InputRequired("Enter a name.")])


def create_gallery() -> Flask:
    app = Flask("gallery", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    app.config.update(
        SECRET_KEY="only for these tests", BABEL_DEFAULT_TIMEZONE="Asia/Shanghai", MAX_CONTENT_LENGTH=4096
    )
    Babel(app, locale_selector=select_locale)
    CSRFProtect(app)
    Htmx(app)
    for init in (init_headers, init_errors, init_languages, init_icons, init_formatters):
        init(app)
    app.register_blueprint(gallery)
    app.register_blueprint(sign_in)
    app.context_processor(_signed_in)
    return app


def _signed_in() -> dict[str, object]:
    if request.args.get("database") == "down":
        raise RuntimeError("password=hunter2: the database is down")
    if request.path == "/sign-in":
        return {"current_person": None}
    labels = [
        ("Access requests", "journal-text"),
        ("Approvals", "inbox"),
        ("Resources", "bar-chart-line"),
        ("People", "people"),
        ("Approval settings", "gear"),
        ("审计记录", "clock-history"),
    ]
    return {
        "current_person": SimpleNamespace(
            name="Alice Zhang 张爱丽", is_organization_admin=True, is_dingtalk_person=True
        ),
        "navigation": [(label, f"/{n or ''}", n == 0, icon) for n, (label, icon) in enumerate(labels)],
        "is_demo": True,
        "sandbox_url": "http://127.0.0.1:8001/",
    }


@gallery.get("/")
def everything() -> str:
    now = datetime.now(UTC)
    steps = [
        {"state": "done", "title": "Token obtained", "detail": "0.2 s"},
        {"state": "running", "title": "Instance starting 正在发起审批"},
        {"state": "failed", "title": "Start event received", "detail": "Nothing arrived within 30 seconds."},
        {"state": "pending", "title": "Test withdrawn"},
    ]
    entries = [
        {"kind": "success", "title": "Submitted", "by": "Bob Li 李博", "at": now - timedelta(hours=3)},
        {
            "kind": "success",
            "title": "Approved",
            "by": "Chen Wei 陈伟",
            "at": now,
            "remark": "同意，季度复盘需要。",
        },
        {"kind": "danger", "title": "Could not start", "at": now, "detail": "Permission missing"},
        {"kind": "running", "title": "Waiting for DingTalk"},
    ]
    rows = [
        ("Template", "Quick BI 权限申请"),
        ("Process code", "PROC-8A1F2C77-9E50-4A3B-8C55-AB1200FF33AA"),
        ("Mode", "Peer to peer"),
    ]
    return render_template(
        "gallery/page.html", steps=steps, entries=entries, rows=rows, now=now, form=RequestForm()
    )


@gallery.get("/sign-in")
def sign_in_page() -> str:
    return render_template("gallery/sign_in.html")


@gallery.route("/request", methods=["GET", "POST"])
def access_request() -> Response:
    form = RequestForm()
    if form.validate_on_submit():
        flash("Your request was sent.", "success")
        return redirect_or_refresh("/")
    status = 422 if form.is_submitted() else 200
    return render("gallery/request_page.html", "gallery/_request.html", status=status, form=form)


@gallery.route("/template", methods=["GET", "POST"])
def approval_template() -> Response:
    form = TemplateForm()
    if form.validate_on_submit():
        if form.name.data == "taken":
            return answer_problem(PROBLEMS[409], status=409)
        session["template"] = form.name.data
        return render(
            "gallery/page.html", "gallery/_template.html", triggers=["template-associated"], form=form
        )
    status = 422 if form.is_submitted() else 200
    return render("gallery/template_page.html", "gallery/_template.html", status=status, form=form)


@gallery.get("/association")
def association() -> Response:
    return render("gallery/template_page.html", "gallery/_association.html")


@gallery.route("/status/<int:status>", methods=["GET", "POST"])
def status(status: int) -> Response:
    abort(status)


@gallery.route("/boom", methods=["GET", "POST"])
def boom() -> Response:
    raise RuntimeError("password=hunter2 leaked from a bug")


@gallery.get("/moved")
def moved() -> Response:
    return redirect("/request")


@gallery.get("/callbacks/boom")
def callback_boom() -> Response:
    raise RuntimeError("password=hunter2")


@sign_in.post("/sign-out")
def sign_out() -> Response:
    return redirect_or_refresh("/sign-in")
