"""What requesters do: ask, choose who decides, find, follow, withdraw."""
