"""Sequences that a model scores highly."""
