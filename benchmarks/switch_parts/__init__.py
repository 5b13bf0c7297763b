"""The parts of the benchmark of switches: load, counts, relctl and its rivals."""
