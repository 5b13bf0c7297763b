"""Verbs that move traffic: promote, rollback, observe, reconcile, status."""
