"""Sequences from normalised logits along gradients: Fast SeqProp.

Linder & Seelig 2021, doi:10.1186/s12859-021-04437-5.
"""

from collections.abc import Mapping

import numpy as np
from torch import Tensor

from seqinterp.design.codes import columns_of
from seqinterp.design.search.ascent import Sampling, ascend
from seqinterp.design.walk import Problem, Walk
from seqinterp.shapes import Sequences

EVEN = 1e-5  # keeps logits that are all the same from being divided by 0


def seq_prop(problem: Problem, walk: Walk, /, *, draws: int = 10, rate: float = 0.1, patience: int = 100) -> None:
    """One step on logits that are normalised over the positions, each base with a scale and a shift of its own.

    scale_b (l_bp - mean_p l_bp) / std_p l_bp + shift_b (eq. 6); sampled one-hot forward, softmax backward. The first
    logits are the start's columns and a little noise; how many bases change is not held against a design.
    """
    how = Sampling(draws, rate, noisy=False, patience=patience)
    count = len(walk.codes)
    first = {}
    if "since" not in walk.memory:
        noise = [problem.generator(name, 7).normal(size=(4, walk.codes.shape[1])) for name in range(count)]
        first["logits"] = columns_of(walk.starts).numpy() + 0.1 * np.stack(noise)
    else:
        first["logits"] = walk.memory["logits"]
    first |= {"scale": np.ones((count, 4, 1)), "shift": np.zeros((count, 4, 1))}
    ascend(problem, walk, how, first, _logits)


def _logits(learnt: Mapping[str, Tensor], _: Sequences) -> Sequences:
    logits = learnt["logits"]
    centred = logits - logits.mean(dim=2, keepdim=True)
    spread = (centred.square().mean(dim=2, keepdim=True) + EVEN).sqrt()
    return learnt["scale"] * centred / spread + learnt["shift"]
