"""The smallest service that keeps the HTTP contract; `model/behaviour.json` plants faults in it."""
