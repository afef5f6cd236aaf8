"""Small DNA networks as their users write them, for exact mutagenesis."""
