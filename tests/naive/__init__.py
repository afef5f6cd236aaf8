"""Slow oracles, written from the formulas and from nothing in the package."""
