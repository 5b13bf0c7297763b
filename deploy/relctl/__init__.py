"""Builds, proves, switches and rolls back versioned model images behind Nginx."""

__version__ = "0.1.0"
