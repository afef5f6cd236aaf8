"""Hard constraints on designed sequences: what they are, how far a sequence is from them, and how to meet them."""
