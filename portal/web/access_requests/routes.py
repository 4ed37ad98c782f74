"""Requests of people."""

from __future__ import annotations

from flask import Blueprint

from portal.web.access import sign_in_required

access_requests = Blueprint("access_requests", __name__)


@access_requests.get("/requests")
@sign_in_required
def mine() -> str:
    return ""


@access_requests.get("/requests/new")
@sign_in_required
def new() -> str:
    return ""


@access_requests.get("/")
@sign_in_required
def home() -> str:
    return ""
