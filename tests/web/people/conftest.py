"""One portal and sandbox for this folder's modules, as on their first day for each test."""

from tests.web.approval_settings.conftest import shared_world, world

__all__ = ["shared_world", "world"]
