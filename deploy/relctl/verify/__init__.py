"""Proving a candidate: gates, the pipeline that runs them, evidence."""
