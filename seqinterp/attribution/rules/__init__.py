"""Backpropagation with another rule per operation, on the model's own code, without hooks."""
