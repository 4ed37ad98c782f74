"""What admins look through: all requests and grants, a page at a time or as files, and whole histories."""
