"""Running the portal: backup and restore, stopping, health, metrics and logs."""
