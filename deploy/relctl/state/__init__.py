"""What a host remembers: paths, ledger, lock, evidence."""
