"""The gates, one file each: a running candidate in, a verdict with figures out."""
