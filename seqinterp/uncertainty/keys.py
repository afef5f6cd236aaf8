"""Numbers that belong to an example given as a row of numbers: the same in every order and beside any others."""

import hashlib

import numpy as np

RANGE = 2**62  # keys are below this


def example_keys(rows: np.ndarray, seed: int, purpose: str) -> list[int]:
    """A random-looking whole number below 2^62 for each row, from `seed`, the row's values and what it is for."""
    start = f"{seed} {purpose} ".encode()
    double = np.ascontiguousarray(rows, dtype=np.float64)
    return [int.from_bytes(hashlib.sha256(start + row.tobytes()).digest()[:8], "little") >> 2 for row in double]
