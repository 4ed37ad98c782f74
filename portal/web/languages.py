"""Which language and which theme a person sees, and the two switches that change them.

Both are cookies and need no account, so they also hold on the sign-in page and on error pages.
"""

from enum import StrEnum
from urllib.parse import urlsplit

from babel.support import Translations
from flask import Blueprint, Flask, Response, abort, current_app, g, has_request_context
from flask import request as flask_request
from flask_babel import get_translations
from htmx_flask import request

from portal.web.htmx import redirect_or_refresh, vary_by_htmx


class Language(StrEnum):
    ENGLISH = "en"
    CHINESE = "zh"


class Theme(StrEnum):
    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


LANGUAGE_COOKIE = "portal_language"
THEME_COOKIE = "portal_theme"
COOKIE_LIFETIME_SECONDS = 31_536_000

# The value of <html lang>: browsers choose the shapes of Han characters by it.
LANGUAGE_TAGS = {Language.ENGLISH: "en", Language.CHINESE: "zh-Hans"}

preferences = Blueprint("preferences", __name__, url_prefix="/preferences")


def init_languages(app: Flask) -> None:
    """Add the switches to `app` and give templates `locale`, `language_tag` and `theme`."""
    app.register_blueprint(preferences)
    app.context_processor(display_preferences)
    # Flask-Babel asks for the locale anew for every word; a page has a hundred, and one language.
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # added by the i18n extension
        gettext=lambda text: _translations().ugettext(text),
        ngettext=lambda one, many, number: _translations().ungettext(one, many, number),
        newstyle=True,
    )


def display_preferences() -> dict[str, str]:
    """What the layout needs to know; reads cookies and headers only, so it works without a database."""
    language = select_locale()
    return {"locale": language, "language_tag": LANGUAGE_TAGS[Language(language)], "theme": select_theme()}


def _translations() -> Translations:
    if "translations" not in g:
        g.translations = get_translations()
    return g.translations


def select_locale() -> str:
    """The locale for Flask-Babel: the cookie, else the best of Accept-Language, else English."""
    if not has_request_context():  # background work words nothing for a person
        return Language.ENGLISH.value
    chosen = flask_request.cookies.get(LANGUAGE_COOKIE, "")
    if chosen in set(Language):
        return Language(chosen).value
    # best_match falls back from zh-CN or zh-Hans-CN to zh by itself
    return flask_request.accept_languages.best_match(
        [each.value for each in Language], Language.ENGLISH.value
    )


def select_theme() -> str:
    chosen = flask_request.cookies.get(THEME_COOKIE, "")
    return Theme(chosen).value if chosen in set(Theme) else Theme.SYSTEM.value


@preferences.post("/language")
def language() -> Response:
    chosen = flask_request.form.get("language", "")
    if chosen not in set(Language):
        abort(400)
    return _remember(redirect_or_refresh(_way_back()), cookie=LANGUAGE_COOKIE, value=chosen)


@preferences.post("/theme")
def theme() -> Response:
    chosen = flask_request.form.get("theme", "")
    if chosen not in set(Theme):
        abort(400)
    # portal.js has already changed the page: a script needs no new one
    response = vary_by_htmx(Response(status=204)) if request.htmx else redirect_or_refresh(_way_back())
    return _remember(response, cookie=THEME_COOKIE, value=chosen)


def _remember(response: Response, *, cookie: str, value: str) -> Response:
    response.set_cookie(
        cookie,
        value,
        max_age=COOKIE_LIFETIME_SECONDS,
        secure=flask_request.is_secure,
        httponly=True,
        samesite="Lax",
    )
    return response


def _way_back() -> str:
    """The page the person came from (the form's `next`), or "/" when that is no page of ours."""
    address = own_path(flask_request.form.get("next", ""))
    routes = current_app.create_url_adapter(flask_request)
    return address if routes and routes.test(urlsplit(address).path, method="GET") else "/"


def own_path(address: str) -> str:
    """`address` when it is a path on this site, else "/".

    Browsers read a backslash as a slash and drop tabs and line breaks, so "/\\evil.example" and
    "/<tab>/evil.example" leave the site just as "//evil.example" does.
    """
    is_printable = all(character.isprintable() for character in address)
    if not address.startswith("/") or "\\" in address or not is_printable or address.startswith("//"):
        return "/"
    parts = urlsplit(address)
    return "/" if parts.scheme or parts.netloc else address
