"""The requester's area, page by page."""
