"""The catalogue of resources: found, kept by hand, imported, and read from the BI tool."""
