"""What the quality gate looks at: translations, their scores, and faults that no score shows."""
