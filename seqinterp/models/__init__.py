"""Networks that read DNA, their training, their honest evaluation."""
