"""Grants: access that was approved, made to take effect, watched and ended."""
