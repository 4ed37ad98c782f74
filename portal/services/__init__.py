"""What the portal does: each public method is one intention and at most one transaction."""
