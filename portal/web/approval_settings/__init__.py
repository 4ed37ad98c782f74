"""The Approval Settings page of organization admins."""
