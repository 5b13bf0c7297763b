"""Judge translations for the quality gate: scores, and faults that no score shows."""
