"""Reads the bodies of requests, within their limits; for whoever has to look into one."""
