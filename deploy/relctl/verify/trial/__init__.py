"""Hold a trial: candidate, twin and reference, what is asked of them, and the verdict of a gate."""
