"""Inputs that are found by following gradients: of units, of losses, of confidence."""
