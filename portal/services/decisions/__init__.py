"""Approvals of the in-platform channel: begun, decided and passed on in the portal."""
