"""Refusals in the shape of Alibaba Cloud's gateway, with the codes that Quick BI documents."""

from __future__ import annotations


class BiRefused(Exception):
    """An answer with an HTTP status and a code; most of Quick BI's are 400."""

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.status = status


def wrong_parameter(what: str) -> BiRefused:
    """A parameter that cannot be."""
    return BiRefused("Invalid.Parameter.Error", f"The parameter is invalid: {what}.")


def missing(name: str) -> BiRefused:
    """A required parameter that was not sent: the gateway says so before Quick BI sees it."""
    return BiRefused(f"Missing{name}", f"{name} is mandatory for this action.")
