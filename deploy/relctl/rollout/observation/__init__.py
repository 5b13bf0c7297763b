"""Observe a release by its traffic: read, count and judge it over a window."""
