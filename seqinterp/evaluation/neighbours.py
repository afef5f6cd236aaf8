"""Which inputs lie next to an example and are predicted alike? (Alvarez-Melis and Jaakkola 2018, arXiv:1806.08049,
section 3, ask what a neighbourhood of discrete inputs is; here it is one of few substitutions.)

A neighbour whose score has moved is no test of an explanation: it may well deserve another one. So candidates are
drawn, scored, and kept only where the score is unchanged within a tolerance.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from seqinterp.attribution.chance import generator
from seqinterp.attribution.dna import is_dna, require_dna
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rows import by_rows
from seqinterp.errors import InputError
from seqinterp.shapes import Inputs, References

DRAWS = 10
ATTEMPTS = 10
TOLERANCE = 0.1  # a logit that moves by 0.1 moves its probability by 2.5 % at most
RADIUS = 0.02  # of a value; that of Yeh et al. 2019, arXiv:1901.09392

Near = Callable[[Score, Inputs], "Neighbours"]
Candidate = Callable[[Tensor, torch.Generator], Tensor]  # one example -> one input next to it, on the CPU


@dataclass(frozen=True)
class Neighbours:
    """Inputs near each example whose score is that of the example within a tolerance.

    inputs: `(batch, draws, *features)`; the example itself wherever no neighbour was found.
    found: `(batch, draws)`, True where a neighbour stands; those found come first.
    tried: `(batch,)`, how many candidates were scored.
    """

    inputs: References
    found: Tensor
    tried: Tensor

    @property
    def count(self) -> Tensor:
        """How many neighbours each example has, `(batch,)`."""
        return self.found.sum(dim=1)


def substitutions(
    score: Score,
    inputs: Inputs,
    /,
    *,
    edits: int = 1,
    draws: int = DRAWS,
    tolerance: float = TOLERANCE,
    attempts: int = ATTEMPTS,
    seed: int = 0,
) -> Neighbours:
    """DNA with 1 to `edits` bases replaced by others, the score within `tolerance` of the example's.

    The number of edits, the positions and the new bases are equally likely; N and mixtures stay as they are. At most
    `draws * attempts` candidates are scored for an example, so fewer than `draws` neighbours may be found.

    Raises:
        ShapeError: the inputs are not one-hot DNA.
        InputError: an option is out of its range.
    """
    require_dna(inputs, "a neighbourhood of substitutions")
    if edits < 1:
        raise InputError(f"edits must be 1 or more, not {edits}")
    candidate = partial(_substituted, edits=edits)
    return _accepted(score, inputs, candidate, draws=draws, tolerance=tolerance, attempts=attempts, seed=seed)


def ball(
    score: Score,
    inputs: Inputs,
    /,
    *,
    radius: float = RADIUS,
    draws: int = DRAWS,
    tolerance: float = TOLERANCE,
    attempts: int = ATTEMPTS,
    seed: int = 0,
) -> Neighbours:
    """Inputs with every value moved by at most `radius`, evenly drawn, the score within `tolerance` of the example's.

    At most `draws * attempts` candidates are scored for an example, so fewer than `draws` neighbours may be found.

    Raises:
        InputError: an option is out of its range, or the inputs are DNA, where a tenth of a base means nothing.
    """
    if is_dna(inputs):
        raise InputError("inputs are one-hot DNA, and a moved value is no base; use substitutions")
    if not 0 < radius < float("inf"):
        raise InputError(f"radius must be a positive number, in units of the inputs, not {radius}")
    candidate = partial(_moved, radius=radius)
    return _accepted(score, inputs, candidate, draws=draws, tolerance=tolerance, attempts=attempts, seed=seed)


def nearby(score: Score, inputs: Inputs, /) -> Neighbours:
    """`substitutions` of DNA and `ball` of anything else, with the options they have by themselves."""
    return substitutions(score, inputs) if is_dna(inputs) else ball(score, inputs)


def _substituted(example: Tensor, chance: torch.Generator, *, edits: int) -> Tensor:
    """The example with 1 to `edits` bases replaced, as many as it has; itself where it has none."""
    bases = ((example == 1).sum(dim=0) == 1) & ((example != 0).sum(dim=0) == 1)
    places = bases.nonzero().flatten()
    most = min(edits, len(places))
    if most == 0:
        return example
    count = int(torch.randint(1, most + 1, (), generator=chance))
    chosen = places[torch.randperm(len(places), generator=chance)[:count]]
    further = torch.randint(1, 4, (count,), generator=chance)
    made = example.clone()
    made[:, chosen] = 0
    made[(example[:, chosen].argmax(dim=0) + further) % 4, chosen] = 1
    return made


def _moved(example: Tensor, chance: torch.Generator, *, radius: float) -> Tensor:
    """The example with an even draw from -radius to radius added to each value."""
    return example + (2 * torch.rand(example.shape, generator=chance, dtype=example.dtype) - 1) * radius


def _accepted(
    score: Score, inputs: Inputs, candidate: Candidate, *, draws: int, tolerance: float, attempts: int, seed: int
) -> Neighbours:
    """Rejection: in each of `attempts` rounds, `draws` candidates for every example that still misses some."""
    if draws < 1 or attempts < 1:
        raise InputError(f"draws and attempts must be 1 or more, not {draws} and {attempts}")
    if not tolerance >= 0:
        raise InputError(f"tolerance must be 0 or more, in units of the score, not {tolerance}")
    count, home = len(inputs), inputs.detach().cpu()
    kept = home.unsqueeze(1).repeat(1, draws, *[1] * (home.ndim - 1))
    found = torch.zeros(count, dtype=torch.long)
    tried = torch.zeros(count, dtype=torch.long)
    chances = [generator(seed, example, "neighbours") for example in home]
    own = _scores(score, inputs)
    for _ in range(attempts):
        missing = [number for number in range(count) if found[number] < draws]
        if not missing:
            break
        made = torch.stack([candidate(home[number], chances[number]) for number in missing for _ in range(draws)])
        shift = _scores(score, made.to(inputs.device)).reshape(-1, draws) - own[missing, None]
        differs = (made.reshape(-1, draws, *home.shape[1:]) != home[missing].unsqueeze(1)).flatten(2).any(dim=2)
        for row, number in enumerate(missing):
            usable = ((shift[row].abs() <= tolerance) & differs[row]).nonzero().flatten()
            usable = usable[: draws - int(found[number])]
            start = int(found[number])
            kept[number, start : start + len(usable)] = made[row * draws + usable]
            found[number] += len(usable)
            tried[number] += draws
    flags = torch.arange(draws) < found[:, None]
    return Neighbours(kept.to(inputs.device), flags.to(inputs.device), tried)


def _scores(score: Score, rows: Inputs) -> Tensor:
    """The score of each row, on the CPU, without gradients."""
    with torch.no_grad():
        return by_rows(score, rows).detach().cpu()
