"""Compile and cache every numba kernel once, at installation, so that nobody waits for it later."""

import warnings

import numpy as np


def main() -> None:
    """Call each compiled function once, in the types it is used with."""
    from memelite import tomtom

    from seqinterp.kernels import pooling
    from seqinterp.kernels.rectifier import rescaled
    from seqinterp.sequence.shuffle import dinucleotide_shuffle

    dinucleotide_shuffle(["ACGTACGTTGCA"])
    for kind in (np.float32, np.float64):
        table, index = np.zeros((2, 3), kind), np.array([0, 0])
        rescaled(table, table, index, 0, 2, table.copy())
        for pool in (pooling.cross_maximum, pooling.crossing):
            pool(table, table, np.zeros((2, 3), np.int64), index, 1, table.copy())
    _mutate()
    _discover()
    matrices = list(np.random.default_rng(0).dirichlet(np.ones(4), size=(30, 8)).transpose(0, 2, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tomtom(matrices[:2], matrices)


def _mutate() -> None:
    """All kernels of exact mutagenesis: any plan runs on the same machine."""
    import torch

    from seqinterp.attribution.protocol import Score
    from seqinterp.attribution.targets import output
    from seqinterp.mutagenesis.every_base import every_base
    from seqinterp.sequence.onehot import one_hot

    model = torch.nn.Sequential(torch.nn.Conv1d(4, 2, 3), torch.nn.Flatten(), torch.nn.Linear(20, 1)).eval()
    every_base(Score(model, output(0)), one_hot(["ACGTACGTTGCA"]), backend="kernels")


def _discover() -> None:
    """All kernels of motif discovery: one word in a few sequences, which is found."""
    from seqinterp.api.discover import discover

    chance = np.random.default_rng(0)
    codes, contributions = chance.integers(0, 4, (40, 80)), chance.normal(0, 0.02, (40, 80)).astype(np.float32)
    codes[:, 30:38] = [3, 2, 0, 1, 3, 1, 0, 3]
    contributions[:, 30:38] += 1
    inputs = np.eye(4, dtype=np.float32)[codes].transpose(0, 2, 1)
    if not len(discover(inputs, contributions)):
        raise RuntimeError("the word was not found, so some kernels were not compiled")


if __name__ == "__main__":
    main()
