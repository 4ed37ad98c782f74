"""A sandbox that speaks DingTalk's HTTP API, with an OA console for people to act in.

DingTalk has none. It is its own WSGI app and process with its own file, and shares nothing with the portal but the
callback cipher.
"""

from portal.sandbox.app import create_sandbox
from portal.sandbox.config import SandboxConfig

__all__ = ["SandboxConfig", "create_sandbox"]
