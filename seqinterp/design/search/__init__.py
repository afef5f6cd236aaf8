"""Ways to look for sequences: one file each, one signature, `(problem, walk)`."""
