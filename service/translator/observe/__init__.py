"""What operators see of the service while it runs: metrics, logs, request ids."""
