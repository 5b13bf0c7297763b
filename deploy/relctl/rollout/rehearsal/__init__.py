"""Rehearsing a command: the same code through doors that look and remember, and change nothing."""
