"""Lists of everybody's requests and grants, views that are kept, files, and histories."""
