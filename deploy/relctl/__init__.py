"""Build, verify, promote and roll back versioned model images behind Nginx."""

__version__ = "0.1.0"
