"""Watching a release by its traffic: reading, counting, judging, and what a window of it is."""
