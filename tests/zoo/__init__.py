"""Small architectures, each written once for sequences and for images."""
