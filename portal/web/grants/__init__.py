"""Access that people have: their own, one grant's page, and what waits for somebody's hands."""
