"""DNA as data: letters, one-hot arrays, shuffles, labelled examples, related groups, simulation."""
