"""Gradients under noise: SmoothGrad (Smilkov et al. 2017, arXiv:1706.03825) and what is made of the same draws.

VarGrad: Adebayo et al. 2018, arXiv:1810.03292. Squared: Hooker et al. 2019, arXiv:1806.10758.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from seqinterp.attribution.chance import generator
from seqinterp.attribution.dna import require_dna
from seqinterp.attribution.gradient import gradient
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rows import rows_at_once
from seqinterp.errors import InputError
from seqinterp.shapes import Attributions, Inputs, References

DRAWS = 25
NOISE_LEVEL = 0.15
RATE = 0.1


def smoothgrad(
    score: Score, inputs: Inputs, /, *, draws: int = DRAWS, noise_level: float = NOISE_LEVEL, seed: int = 0
) -> Attributions:
    """Mean gradient over noisy copies of each example.

    draws: copies of each example.
    noise_level: standard deviation of the Gaussian noise, as a share of the example's own largest minus smallest value.

    Raises:
        InputError: `draws` or `noise_level` cannot be used.
        ModelError: the score cannot be differentiated.
    """
    return torch.cat([slopes.mean(dim=1) for slopes in _noisy_slopes(score, inputs, draws, noise_level, seed)])


def vargrad(
    score: Score, inputs: Inputs, /, *, draws: int = DRAWS, noise_level: float = NOISE_LEVEL, seed: int = 0
) -> Attributions:
    """Variance of the gradient over the noisy copies that `smoothgrad` takes the mean of; zero for a linear model.

    The mean squared deviation (divided by `draws`); at least two draws. Raises what `smoothgrad` raises.
    """
    if draws < 2:
        raise InputError(f"a variance needs draws to be 2 or more, not {draws}")
    slopes = _noisy_slopes(score, inputs, draws, noise_level, seed)
    return torch.cat([part.var(dim=1, correction=0) for part in slopes])


def squared_smoothgrad(
    score: Score, inputs: Inputs, /, *, draws: int = DRAWS, noise_level: float = NOISE_LEVEL, seed: int = 0
) -> Attributions:
    """Mean squared gradient over the noisy copies that `smoothgrad` takes the mean of; raises what it raises."""
    slopes = _noisy_slopes(score, inputs, draws, noise_level, seed)
    return torch.cat([part.square().mean(dim=1) for part in slopes])


def discrete_smoothgrad(
    score: Score, inputs: Inputs, /, *, draws: int = DRAWS, rate: float = RATE, seed: int = 0
) -> Attributions:
    """Mean gradient over mutated copies of each sequence: SmoothGrad that stays among sequences.

    draws: copies of each sequence.
    rate: probability that a position of a copy holds another base, each of the three being equally likely; N stays N,
        and a mixture counts as its largest base.

    Raises:
        ShapeError: the inputs are not one-hot DNA.
        InputError: `draws` or `rate` cannot be used.
        ModelError: the score cannot be differentiated.
    """
    require_dna(inputs, "discrete_smoothgrad")
    _check_draws(draws)
    if not 0 <= rate <= 1:
        raise InputError(f"rate must be a probability from 0 to 1, not {rate}")

    def mutated(example: Tensor) -> Tensor:
        return _mutated(example, draws, rate, generator(seed, example, "discrete_smoothgrad"))

    return torch.cat([slopes.mean(dim=1) for slopes in _slopes_of_copies(score, inputs, draws, mutated)])


def _noisy_slopes(score: Score, inputs: Inputs, draws: int, noise_level: float, seed: int) -> Iterator[References]:
    """Gradients at the noisy copies, `(examples, draws, *features)`, some examples at a time."""
    _check_draws(draws)
    if not 0 <= noise_level < float("inf"):
        raise InputError(f"noise_level must be a share of the example's range, 0 or more, not {noise_level}")

    def noisy(example: Tensor) -> Tensor:
        chance = generator(seed, example, "smoothgrad")
        noise = torch.randn(draws, *example.shape, generator=chance, dtype=torch.float64)
        spread = noise_level * (example.max() - example.min())
        return example + spread * noise.to(example)

    return _slopes_of_copies(score, inputs, draws, noisy)


def _slopes_of_copies(
    score: Score, inputs: Inputs, draws: int, copies: Callable[[Tensor], Tensor]
) -> Iterator[References]:
    """Gradients at `copies(example)`, `(draws, *features)` of each example: as many examples as rows fit at once."""
    together = max(1, rows_at_once(inputs[:1].numel()) // draws)
    for part in inputs.split(together):
        rows = torch.cat([copies(example) for example in part])
        yield gradient(score, rows).unflatten(0, (len(part), draws))


def _mutated(example: Tensor, draws: int, rate: float, chance: torch.Generator) -> Tensor:
    """Copies of one sequence, `(draws, 4, position)`, with other bases at random positions."""
    shape = (draws, example.shape[1])
    hit = torch.rand(shape, generator=chance, dtype=torch.float64) < rate
    step = torch.randint(1, 4, shape, generator=chance)
    plain = example.cpu()
    other = torch.nn.functional.one_hot((plain.argmax(dim=0) + step) % 4, 4).transpose(1, 2).to(plain)
    hit &= (plain != 0).any(dim=0)
    return torch.where(hit.unsqueeze(1), other, plain).to(example.device)


def _check_draws(draws: int) -> None:
    """Refuse a number of draws that is no number of copies."""
    if draws < 1:
        raise InputError(f"draws must be 1 or more, not {draws}")
