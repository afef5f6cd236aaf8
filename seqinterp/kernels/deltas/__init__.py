"""What an edit changes, layer by layer: the kernels of exact mutagenesis, and the little machine that runs them."""
