"""The portal as web pages: areas with routes and forms, and what they share."""
