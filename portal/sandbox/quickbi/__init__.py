"""A pretended Quick BI: answers the official SDK for the calls that a portal uses, with documented quirks."""
