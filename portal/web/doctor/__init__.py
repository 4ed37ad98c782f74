"""The doctor's page and its printed form."""
