"""Shapes that JSON from outside must have before anything is made of it."""

from __future__ import annotations

from typing import Any, TypeGuard

from flask import request

# Larger ones are no longer exact in JSON, and SQLite cannot keep all of them.
LARGEST_NUMBER, LONGEST_DIGITS = 2**53, 16


def json_object() -> dict[str, Any] | None:
    """The request's body as a JSON object, or None when it is anything else."""
    try:
        body = request.get_json(silent=True, force=True)
    except RecursionError:
        return None
    return body if isinstance(body, dict) else None


def as_number(value: object) -> object:
    """The number a text of digits says, anything else as it is; some callers send numbers as texts."""
    is_digits = isinstance(value, str) and len(value) <= LONGEST_DIGITS and value.isdecimal()
    return int(str(value)) if is_digits else value


def are_texts(value: object) -> TypeGuard[list[str]]:
    """A list of texts, possibly empty."""
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def is_number(
    value: object, *, lowest: int = -LARGEST_NUMBER, highest: int = LARGEST_NUMBER
) -> TypeGuard[int]:
    """A whole number within the bounds; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest
