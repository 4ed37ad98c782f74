"""People, found in the directory."""

from __future__ import annotations

from flask import Blueprint

people = Blueprint("people", __name__, url_prefix="/people")
