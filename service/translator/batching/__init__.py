"""Bring the sentences of all requests together into batches, within a queue that has an end."""
