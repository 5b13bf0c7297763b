"""Moving traffic: promote, rollback, reconcile, status."""
