"""References for one-hot DNA: shuffles, GC-matched sequences, mean bases; each a rule of the example alone.

An N (a column of zeros) says nothing, so its column is zero in every reference too: shuffles move the bases among the
positions that hold one, and neighbours are neighbours with the N between them left out. A mixture (an IUPAC letter, a
soft column) is shuffled as one of its bases, drawn by its shares once for the example.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from seqinterp.attribution.baselines import mean
from seqinterp.attribution.chance import generator
from seqinterp.attribution.dna import require_dna
from seqinterp.attribution.protocol import Baseline
from seqinterp.errors import InputError
from seqinterp.kernels.euler_shuffle import dinucleotide_shuffles, letter_shuffles
from seqinterp.shapes import CodeBlock, Codes, Inputs, References, Sequences

DRAWS = 20
_N = 4


def uniform_shuffle(inputs: Inputs, /, *, draws: int = DRAWS, seed: int = 0) -> References:
    """Random orders of the example's own bases, `(batch, draws, 4, position)`; every order is equally likely.

    Raises:
        ShapeError: the inputs are not one-hot DNA.
        InputError: `draws` or `seed` cannot be used.
    """
    return _shuffled(letter_shuffles, inputs, draws=draws, seed=seed, name="uniform_shuffle")


def dinucleotide_shuffle(inputs: Inputs, /, *, draws: int = DRAWS, seed: int = 0) -> References:
    """Random sequences with the example's own pairs of neighbouring bases, `(batch, draws, 4, position)`.

    All such sequences are equally likely (Altschul and Erickson 1985, doi:10.1093/oxfordjournals.molbev.a040370); the
    first and the last base stay. Raises what `uniform_shuffle` raises.
    """
    return _shuffled(dinucleotide_shuffles, inputs, draws=draws, seed=seed, name="dinucleotide_shuffle")


def gc_matched(inputs: Inputs, /, *, draws: int = DRAWS, seed: int = 0) -> References:
    """Random sequences, each base drawn with the example's own GC content, `(batch, draws, 4, position)`.

    C and G are equally likely, and so are A and T. Raises what `uniform_shuffle` raises.
    """
    _check(inputs, draws=draws, seed=seed, name="gc_matched")
    made = np.empty((len(inputs), draws, inputs.shape[2]), dtype=np.uint8)
    for row, example in zip(made, inputs.detach().cpu(), strict=True):
        total = float(example.sum(dtype=torch.float64))
        gc = float(example[1:3].sum(dtype=torch.float64)) / total if total > 0 else 0.5
        chance = torch.rand(row.shape, generator=generator(seed, example, "gc_matched"), dtype=torch.float64).numpy()
        row[:] = np.digitize(chance, [(1 - gc) / 2, 0.5, (1 + gc) / 2])
        row[:, (example == 0).all(dim=0).numpy()] = _N
    return _columns(made, inputs)


def base_frequency(inputs: Inputs, /) -> References:
    """One reference, `(batch, 1, 4, position)`: the example's own base frequencies in every column.

    Raises:
        ShapeError: the inputs are not one-hot DNA.
    """
    require_dna(inputs, "baseline 'base_frequency'")
    return mean(inputs)


@dataclass(frozen=True)
class n_kept:
    """A baseline whose references are set to zero wherever the example is N (a column of zeros)."""

    baseline: Baseline

    def __call__(self, inputs: Inputs, /) -> References:
        """The references of `baseline`, with the columns of N taken out."""
        absent = (inputs == 0).all(dim=1, keepdim=True)
        return self.baseline(inputs).masked_fill(absent.unsqueeze(1), 0)


def _shuffled(
    draw_all: Callable[[Codes, int, int], CodeBlock], inputs: Inputs, *, draws: int, seed: int, name: str
) -> References:
    """Shuffle the bases of each example over the positions that hold one."""
    _check(inputs, draws=draws, seed=seed, name=name)
    codes = _codes(inputs.detach().cpu(), seed)
    made = np.full((len(codes), draws, codes.shape[1]), _N, dtype=np.uint8)
    for row, own in zip(made, codes, strict=True):
        present = own != _N
        if present.all():
            row[:] = draw_all(own, draws, seed)
        elif present.any():
            row[:, present] = draw_all(own[present], draws, seed)
    return _columns(made, inputs)


def _check(inputs: Inputs, *, draws: int, seed: int, name: str) -> None:
    """Refuse what cannot be shuffled or drawn."""
    require_dna(inputs, f"baseline {name!r}")
    if draws < 1:
        raise InputError(f"draws must be 1 or more, not {draws}")
    if not 0 <= seed < 2**63:
        raise InputError(f"seed must be a whole number from 0 to 2^63 - 1, not {seed}")


def _codes(inputs: Sequences, seed: int) -> CodeBlock:
    """A, C, G, T as 0..3 and N as 4, one row per example; mixtures as one of their bases."""
    codes: CodeBlock = inputs.argmax(dim=1).to(torch.uint8).numpy()
    codes[(inputs == 0).all(dim=1).numpy()] = _N
    mixed = (inputs != 0).sum(dim=1) > 1
    for number in mixed.any(dim=1).nonzero().flatten().tolist():
        drawn = _one_base(inputs[number], seed).numpy()
        codes[number] = np.where(mixed[number].numpy(), drawn, codes[number])
    return codes


def _one_base(example: Tensor, seed: int) -> Tensor:
    """One base for each column of `(4, position)`, drawn by its shares: where the running sum passes a random level."""
    passed = example.to(torch.float64).cumsum(dim=0)
    chance = torch.rand(example.shape[1], generator=generator(seed, example, "mixture"), dtype=torch.float64)
    return (passed <= chance * passed[-1]).sum(dim=0).clamp(max=3).to(torch.uint8)


def _columns(codes: np.ndarray, inputs: Sequences) -> References:
    """Codes `(batch, draws, position)` as references of the inputs' type and device; the fifth code is no base."""
    bases = torch.arange(4, dtype=torch.uint8, device=inputs.device).unsqueeze(1)
    return (torch.from_numpy(codes).to(inputs.device).unsqueeze(2) == bases).to(inputs.dtype)
