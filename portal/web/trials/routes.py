"""Test, shown live."""

from __future__ import annotations

from flask import Blueprint

trials = Blueprint("trials", __name__, url_prefix="/settings/approval/trials")
