"""Motifs: what they are, where filters hide them, what they are called."""
