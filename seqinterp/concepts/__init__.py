"""What units and layers of a network stand for."""
