"""Layer-wise relevance propagation: the rules of weighted layers, who gets which, and where relevance goes."""
