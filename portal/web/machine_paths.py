"""Addresses that only programs call: no page, no session, no language."""

MACHINE_PATHS = ("/callbacks", "/health", "/metrics")
