"""My approvals: what waits for somebody's decision, and what they have decided."""
