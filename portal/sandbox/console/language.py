"""The language of the pages: ``?lang=`` (remembered), else what the browser asks for."""

from __future__ import annotations

from flask import has_request_context, request, session

LANGUAGES = {"en": "English", "zh": "简体中文"}
KEY = "language"


def select_language() -> str:
    """One of ``LANGUAGES``."""
    if not has_request_context():
        return "en"
    wanted = request.args.get("lang")
    if wanted in LANGUAGES:
        session[KEY] = wanted
        return wanted
    if session.get(KEY) in LANGUAGES:
        return str(session[KEY])
    for tag in request.accept_languages.values():
        if tag.lower().partition("-")[0] in LANGUAGES:
            return tag.lower().partition("-")[0]
    return "en"
