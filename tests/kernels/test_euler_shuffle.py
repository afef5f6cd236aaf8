import os
import random
import subprocess
import sys

import numpy as np
import pytest

from seqinterp.kernels.euler_shuffle import dinucleotide_shuffles, letter_shuffles
from tests.naive import sequence as naive


@pytest.mark.parametrize("kernel", [dinucleotide_shuffles, letter_shuffles])
@pytest.mark.parametrize("codes", [[2], [0, 0], [3, 1], [0, 4, 1, 4, 0], [4] * 6])
def test_short_and_poor_sequences(kernel, codes):
    drawn = kernel(np.array(codes, dtype=np.uint8), 3, 0)
    assert drawn.shape == (3, len(codes)) and drawn.dtype == np.uint8
    assert (np.sort(drawn, 1) == np.sort(codes)).all()
    if kernel is dinucleotide_shuffles:
        assert all(naive.pairs(row.tolist()) == naive.pairs(codes) for row in drawn)


def test_long_sequences_keep_their_pairs():
    rng = random.Random(1)
    codes = [rng.randrange(5) for _ in range(20_000)]
    (drawn,) = dinucleotide_shuffles(np.array(codes, dtype=np.uint8), 1, 2**63 - 1)
    assert naive.pairs(drawn.tolist()) == naive.pairs(codes)
    assert 0.15 < (drawn == codes).mean() < 0.25  # one letter in five agrees by chance


def test_the_given_codes_stay_as_they_are():
    codes = np.array([0, 1, 2, 3, 0, 2], dtype=np.uint8)
    for kernel in (dinucleotide_shuffles, letter_shuffles):
        kernel(codes, 5, 1)
    assert codes.tolist() == [0, 1, 2, 3, 0, 2]


def test_streams_of_seeds_draws_and_sequences_do_not_meet():
    codes = np.arange(200, dtype=np.uint8) % 4
    other = codes.copy()
    other[199] = 0
    rows = [letter_shuffles(c, 50, seed) for c in (codes, other) for seed in range(20)]
    assert len({row.tobytes() for block in rows for row in block}) == 2000


def test_the_same_without_compiling():
    """The kernels are plain Python underneath, and give the same numbers."""
    codes = [0, 1, 2, 0, 2, 1, 0, 3, 3, 0]
    code = (
        "import numpy as np; from seqinterp.kernels.euler_shuffle import dinucleotide_shuffles as shuffles;"
        f"print(shuffles(np.array({codes}, dtype=np.uint8), 4, 9).tolist())"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore:overflow", "-c", code],
        capture_output=True, text=True, check=True, timeout=60, env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
    )  # fmt: skip
    assert done.stdout.strip() == str(dinucleotide_shuffles(np.array(codes, dtype=np.uint8), 4, 9).tolist())
