"""The client of Quick BI against the sandbox that pretends to be it."""
