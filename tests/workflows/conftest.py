"""The worker is tested as a process of its own, beside a whole portal."""

from tests.services.conftest import shared_world, world

__all__ = ["shared_world", "world"]
