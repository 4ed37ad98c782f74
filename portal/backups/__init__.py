"""Backup and restore: one file that holds the database of one moment and says whether it fits."""
