"""Rehearse a command: the same code through doors that read, remember and change nothing."""
