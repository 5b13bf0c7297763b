"""The state of a host: paths, ledger, lock, evidence."""
