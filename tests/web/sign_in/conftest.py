"""Signing in is tested over the real sign-in of the sandbox, in a whole portal."""

from tests.services.conftest import shared_world, world

__all__ = ["shared_world", "world"]
