"""Ways to take positions away from inputs, and what the score is then.

Zero columns, grey patches and the like are no natural inputs (Hooker et al. 2019, arXiv:1806.10758), so DNA stays
DNA. A way is `(inputs, positions, draws, seed) -> (batch, draws, *features)`. `positions` is True where something is to
be taken away: `(batch, *places)`, the same for every draw, or `(batch, draws, *places)`, one choice for each. What is
drawn is a rule of the seed and the example alone.
"""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from seqinterp.attribution import baselines, dna_baselines
from seqinterp.attribution.chance import generator
from seqinterp.attribution.dna import is_dna, require_dna
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rows import by_rows
from seqinterp.errors import InputError, ShapeError
from seqinterp.evaluation.cells import cell_of
from seqinterp.evaluation.places import place_contributions
from seqinterp.shapes import Inputs, References


@runtime_checkable
class Replacement(Protocol):
    """Puts something else at chosen positions; see the top of this file."""

    def __call__(self, inputs: Inputs, positions: Tensor, /, *, draws: int, seed: int) -> References: ...


def random_base(inputs: Inputs, positions: Tensor, /, *, draws: int = 1, seed: int = 0) -> References:
    """Another base at each chosen position, the other three equally likely; an N stays an N.

    A mixture (an IUPAC letter) becomes one of the bases it leaves out, and any base where it leaves out none. With
    one seed, a position gets the same base whatever else is chosen.

    Raises:
        ShapeError: the inputs are not one-hot DNA, or `positions` have another shape.
        InputError: `draws` is below 1.
    """
    require_dna(inputs, "replacement 'random_base'")
    chosen = _masks(inputs, positions, draws)

    others = torch.stack([_other_bases(example, draws, seed) for example in inputs.detach().cpu()])
    return _put(inputs, others, chosen & held(inputs).unsqueeze(1))


def shuffled_bases(inputs: Inputs, positions: Tensor, /, *, draws: int = 1, seed: int = 0) -> References:
    """The bases at the chosen positions in a random order among themselves; an N stays where it is.

    Every order is equally likely, the one there was among them. Raises what `random_base` raises.
    """
    require_dna(inputs, "replacement 'shuffled_bases'")
    return _permuted(inputs, _masks(inputs, positions, draws) & held(inputs).unsqueeze(1), seed, "shuffled_bases")


def dinucleotide_shuffle(inputs: Inputs, positions: Tensor, /, *, draws: int = 1, seed: int = 0) -> References:
    """At the chosen positions what a dinucleotide shuffle of the whole example has there; an N stays an N.

    The first and the last base of a shuffle are the example's own. Raises what `random_base` raises.
    """
    require_dna(inputs, "replacement 'dinucleotide_shuffle'")
    chosen = _masks(inputs, positions, draws)
    return _put(inputs, dna_baselines.dinucleotide_shuffle(inputs, draws=draws, seed=seed), chosen)


def mean_pixel(inputs: Inputs, positions: Tensor, /, *, draws: int = 1, seed: int = 0) -> References:
    """The mean of each channel over the image, at the chosen pixels. Nothing is drawn: all draws are the same.

    Raises:
        ShapeError: the inputs are not images, or `positions` have another shape.
        InputError: `draws` is below 1.
    """
    _require_images(inputs, "mean_pixel")
    mean = inputs.mean(dim=(2, 3), keepdim=True).unsqueeze(1)
    return _put(inputs, mean, _masks(inputs, positions, draws))


def blur(inputs: Inputs, positions: Tensor, /, *, draws: int = 1, seed: int = 0, sigma: float = 10.0) -> References:
    """The image through a Gaussian of `sigma` pixels, at the chosen pixels. Nothing is drawn.

    Raises what `mean_pixel` raises, and InputError for a `sigma` that is not positive.
    """
    _require_images(inputs, "blur")
    return _put(inputs, baselines.blur(inputs, sigma=sigma), _masks(inputs, positions, draws))


def shuffled_pixels(inputs: Inputs, positions: Tensor, /, *, draws: int = 1, seed: int = 0) -> References:
    """The chosen pixels, all channels together, in a random order among themselves. Raises what `mean_pixel` raises."""
    _require_images(inputs, "shuffled_pixels")
    return _permuted(inputs, _masks(inputs, positions, draws), seed, "shuffled_pixels")


def usual_replacement(inputs: Inputs) -> Replacement:
    """`random_base` for DNA, `mean_pixel` for images.

    Raises:
        ShapeError: the inputs are neither.
    """
    if is_dna(inputs):
        return random_base
    if inputs.ndim == 4:
        return mean_pixel
    raise ShapeError(
        f"there is no usual way to take positions away from inputs of shape {tuple(inputs.shape)}, which are neither"
        " DNA (batch, 4, position) nor images (batch, channel, row, column); pass replacement="
    )


def held(inputs: Inputs) -> Tensor:
    """Where there is something to take away, bool `(batch, *places)`: all but the N of DNA."""
    if is_dna(inputs):
        return (inputs != 0).any(dim=1)
    return torch.ones(inputs[:, 0].shape, dtype=torch.bool, device=inputs.device)


def flat_contributions(inputs: Tensor, attributions: Tensor) -> Tensor:
    """What each place contributes, `(batch, places)`: the sum over its bases or channels; double, on the CPU.

    Raises:
        ShapeError: the attributions are not of the inputs' shape, or there is no axis after the channels.
        InputError: there are no examples, or an attribution is NaN or infinite.
    """
    if attributions.shape != inputs.shape or inputs.ndim < 3:
        raise ShapeError(
            f"inputs of shape {tuple(inputs.shape)} came with attributions of shape {tuple(attributions.shape)}; both"
            " must be (batch, 4, position) or (batch, channel, row, column)"
        )
    return place_contributions(attributions).flatten(1)


def random_sets(example: Tensor, size: int, *, sets: int, seed: int, cell: int = 1) -> Tensor:
    """`sets` random choices of exactly `size` of the held places of `(1, *features)`, bool `(sets, *places)`.

    cell: of images, squares of so many pixels a side are chosen, the last of them in part.
    """
    there = held(example).cpu()
    square = cell_of(example.shape[2:], cell)
    keys = torch.rand((sets, int(square[-1]) + 1), generator=generator(seed, example[0], "sets"), dtype=torch.float64)
    keys = keys[:, square]
    keys[:, ~there.flatten()] = 2  # never among the smallest
    chosen = torch.zeros(keys.shape, dtype=torch.bool).scatter_(1, keys.argsort(dim=1, stable=True)[:, :size], True)
    return chosen.reshape(sets, *there.shape[1:])


def row_scores(score: Score, rows: Tensor) -> Tensor:
    """The score of each row, `(rows,)`, without gradients; double, on the CPU."""
    with torch.no_grad():
        return by_rows(score, rows).detach().cpu().double()


def at_least(name: str, value: int, least: int) -> None:
    """Refuse a count that is not a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InputError(f"{name} must be {least} or more, a whole number, not {value!r}")


def each_example(measure: Callable[[int], Tensor], count: int) -> Tensor:
    """`measure(number)` of every example, stacked."""
    return torch.stack([measure(number) for number in range(count)])


def _require_images(inputs: Inputs, name: str) -> None:
    """Refuse what is not (batch, channel, row, column)."""
    if inputs.ndim != 4:
        raise ShapeError(
            f"replacement {name!r} needs images of shape (batch, channel, row, column), not {tuple(inputs.shape)}"
        )


def _masks(inputs: Inputs, positions: Tensor, draws: int) -> Tensor:
    """The choice of each draw, bool `(batch, draws, *places)`, on the inputs' device."""
    at_least("draws", draws, 1)
    count, places = len(inputs), inputs.shape[2:]
    shared = positions.shape == (count, *places)
    if positions.dtype != torch.bool or not (shared or positions.shape == (count, draws, *places)):
        raise ShapeError(
            f"positions must be bool of shape {(count, *places)} or {(count, draws, *places)}, one choice for each"
            f" draw, not {str(positions.dtype).removeprefix('torch.')} of shape {tuple(positions.shape)}"
        )
    chosen = positions.to(inputs.device)
    return chosen.unsqueeze(1).expand(count, draws, *places) if shared else chosen


def _other_bases(example: Tensor, draws: int, seed: int) -> Tensor:
    """One of the bases that are not there for each column of `(4, position)`: `(draws, 4, position)`."""
    source = generator(seed, example, "random_base")
    chance = torch.rand((draws, *example.shape), generator=source, dtype=torch.float64)
    other = (chance - 2 * (example != 0)).argmax(dim=1, keepdim=True)
    return torch.zeros_like(chance).scatter_(1, other, 1)


def _put(inputs: Inputs, others: Tensor, chosen: Tensor) -> References:
    """`others` where a position was chosen, the example's own elsewhere."""
    return torch.where(chosen.unsqueeze(2), others.to(inputs), inputs.unsqueeze(1))


def _permuted(inputs: Inputs, chosen: Tensor, seed: int, purpose: str) -> References:
    """Move whole columns or pixels among the chosen places."""
    count, draws = chosen.shape[:2]
    flat = chosen.reshape(count, draws, -1)
    places = torch.arange(flat.shape[2], dtype=torch.float64, device=flat.device) / flat.shape[2]
    drawn = [
        torch.rand(flat.shape[1:], generator=generator(seed, example, purpose), dtype=torch.float64)
        for example in inputs.detach()
    ]
    chance = torch.stack(drawn).to(flat.device)
    # the chosen places come first in both lists, in order in the one and at random in the other; the rest are in order
    to = torch.where(flat, places - 1, places).argsort(dim=2)
    source = torch.where(flat, chance - 1, places).argsort(dim=2)
    origin = torch.empty_like(to).scatter_(2, to, source)
    columns = inputs.flatten(2).unsqueeze(1).expand(count, draws, *inputs.flatten(2).shape[1:])
    moved = columns.gather(3, origin.unsqueeze(2).expand(columns.shape))
    return moved.reshape(count, draws, *inputs.shape[1:])
