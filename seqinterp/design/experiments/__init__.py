"""What motifs do, asked of a model by putting them in, taking them out and moving them."""
