"""Who may ask for work, and how often: API keys, tokens and rate limits, all of them off by default."""
