"""Approval templates: make, change, read and find them (DingTalk calls them forms)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class FormComponent:
    """A field to put into a template. ``kind`` is DingTalk's component type; ``label`` has at most 20 characters."""

    kind: str
    component_id: str
    label: str
    required: bool = False
    placeholder: str = ""
    options: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FormField:
    """A field of an existing template; ``is_nested`` where it sits inside a table or a group."""

    component_id: str
    label: str
    kind: str
    required: bool
    options: tuple[str, ...] = ()
    is_nested: bool = False


@dataclass(frozen=True, kw_only=True)
class FormSchema:
    """A template as it is in DingTalk. ``status`` is PUBLISHED, INVALID (disabled) or SAVED (draft)."""

    name: str
    process_code: str
    status: str
    fields: tuple[FormField, ...]
    modified_at_text: str


@dataclass(frozen=True, kw_only=True)
class ManageableTemplate:
    """A template that somebody with OA admin rights may change."""

    name: str
    process_code: str
    icon_url: str | None
    modified_at_text: str


@dataclass(frozen=True, kw_only=True)
class VisibleTemplate:
    """A template that somebody may start."""

    name: str
    process_code: str
    icon_url: str | None


class Forms:
    """Approval templates of the organisation."""

    def save(
        self,
        *,
        name: str,
        description: str,
        components: Sequence[FormComponent],
        process_code: str | None = None,
    ) -> str:
        """Create a template, or update ``process_code``, and return its process code."""
        raise NotImplementedError

    def read_schema(self, process_code: str) -> FormSchema:
        """Read a template's fields."""
        raise NotImplementedError

    def find_process_code(self, name: str) -> str | None:
        """Return the process code of the template with exactly this name, or None."""
        raise NotImplementedError

    def manageable(self, user_id: str) -> tuple[ManageableTemplate, ...]:
        """List the templates that this person may manage."""
        raise NotImplementedError

    def visible(self, user_id: str | None = None) -> tuple[VisibleTemplate, ...]:
        """List the templates that this person may start; without a person, all of the organisation."""
        raise NotImplementedError
