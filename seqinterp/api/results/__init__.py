"""What the public calls return: frozen, on the CPU, self-validating; they know how to be saved and drawn."""
