"""The parts of the benchmark of switches: the load, what is counted, relctl and those it is held against."""
