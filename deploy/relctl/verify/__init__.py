"""Prove a candidate: gates, the pipeline that runs them, and evidence."""
