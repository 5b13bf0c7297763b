"""Judge a release by its traffic over a window: read, count, compare; nothing here moves traffic."""
