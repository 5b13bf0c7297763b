"""Define the gates, one file each, from a running candidate to a verdict with figures."""
