"""Who sees the catalogue as its keepers do, and who may change it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from portal.rules.permissions import Permission
from portal.services.permissions import NotAllowed
from portal.services.registry import services
from portal.web.access import sign_in_required, signed_in_person

P = ParamSpec("P")
R = TypeVar("R")


def seeing_required(view: Callable[P, R]) -> Callable[P, R]:
    """Let in who sees the catalogue; others get 403."""

    @sign_in_required
    @functools.wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if not services().resource_keeping.sees(signed_in_person()):
            raise NotAllowed(Permission.KEEP_CATALOGUE)
        return view(*args, **kwargs)

    return guarded


def keeping_required(view: Callable[P, R]) -> Callable[P, R]:
    """Let in who keeps the whole catalogue or a workspace's; services ask which resource it is about."""

    @sign_in_required
    @functools.wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if not services().resource_keeping.keeps_any(signed_in_person()):
            raise NotAllowed(Permission.KEEP_CATALOGUE)
        return view(*args, **kwargs)

    return guarded
