"""The parts of `influence`."""
