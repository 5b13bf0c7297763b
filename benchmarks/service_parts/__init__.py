"""The parts of the service's benchmark: servers, load, sections."""
