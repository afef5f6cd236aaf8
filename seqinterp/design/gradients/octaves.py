"""DeepDream: raise an activation in a picture from coarse to fine (Mordvintsev, Olah & Tyka 2015).

Each octave is a size of the picture. What the smaller one gained is enlarged and added to the next; a step is the
gradient divided by the mean of its absolute values, taken in a picture that is rolled at random.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from seqinterp.design.gradients.activation import Ascent, Climbed, clipped, drawn_shifts, rolled, value_and_slope
from seqinterp.design.gradients.unit import Unit
from seqinterp.errors import InputError
from seqinterp.shapes import Inputs, Outputs, Scores

STEP = 1.5 / 255  # of the published code, as a share of the range


def deep_dream(unit: Unit, model: nn.Module, starts: Inputs, /, *, options: Ascent, seed: int) -> Climbed:
    """Climb from pictures (batch, channel, row, column) through all octaves, the smallest first.

    Raises:
        ModelError: a gradient is not finite.
    """
    detail: Tensor | None = None
    picture, parts = starts, []
    for number, size in enumerate(octave_sizes(starts, options)):
        base = starts if size == starts.shape[2:] else _resized(starts, size, smaller=True)
        detail = torch.zeros_like(base) if detail is None else _resized(detail, size, smaller=False)
        picture, values = _dream(unit, model, clipped(base + detail, options), options, seed, number)
        detail = picture - base
        parts.append(values)
    last = parts[-1][:, -1:]
    return Climbed(picture, torch.cat([*(part[:, :-1] for part in parts), last], dim=1))


def octave_sizes(starts: Inputs, options: Ascent) -> list[tuple[int, int]]:
    """Rows and columns of each octave, the smallest first.

    Raises:
        InputError: the inputs are no pictures, or an octave would be of less than two pixels.
    """
    if starts.ndim != 4:
        raise InputError(
            f"octaves are sizes of pictures (batch, channel, row, column), and these inputs are {tuple(starts.shape)};"
            " leave octaves out"
        )
    rows, columns = starts.shape[2:]
    powers = [options.octave_scale**k for k in range(options.octaves)]
    sizes = [(round(rows / power), round(columns / power)) for power in reversed(powers)]
    if min(sizes[0]) < 2:
        raise InputError(
            f"{options.octaves} octaves of a picture of {rows} x {columns} begin at {sizes[0][0]} x {sizes[0][1]}"
            " pixels; take fewer octaves"
        )
    return sizes


def _dream(
    unit: Unit, model: nn.Module, picture: Inputs, options: Ascent, seed: int, octave: int
) -> tuple[Inputs, Outputs]:
    """The steps of one octave."""

    def objective(rows: Tensor, shifts: Tensor) -> tuple[Scores, Scores]:
        return unit.activation(model, rolled(rows, shifts)), options.penalty(rows, bases=False)

    step_size = options.step_size or STEP * options.range
    shifts = drawn_shifts(picture, options, seed, purpose=f"jitter of octave {octave}")
    values = []
    for step in range(options.steps):
        value, slope = value_and_slope(objective, picture, shifts[step], step)
        picture = clipped(picture + step_size * normalised(slope), options)
        values.append(value)
    values.append(value_and_slope(objective, picture, torch.zeros_like(shifts[-1]), options.steps)[0])
    return picture, torch.stack(values, dim=1)


def normalised(slopes: Tensor) -> Tensor:
    """Each example's gradient divided by the mean of its absolute values; zero where all of it is zero."""
    size = slopes.abs().flatten(1).mean(dim=1).clamp_min(torch.finfo(slopes.dtype).tiny)
    return slopes / size.reshape(-1, *[1] * (slopes.ndim - 1))


def _resized(pictures: Tensor, size: tuple[int, int], *, smaller: bool) -> Tensor:
    """Pictures of another size, pixels between pixels by lines; smaller ones are smoothed first."""
    return F.interpolate(pictures, size=size, mode="bilinear", align_corners=False, antialias=smaller)
