"""Occlusion: what is lost when a window is covered? (Zeiler & Fergus 2014, arXiv:1311.2901)."""

import torch
from torch import Tensor

from seqinterp.attribution.baselines import zeros
from seqinterp.attribution.coalitions import mixture_scores
from seqinterp.attribution.groups import spatial
from seqinterp.attribution.protocol import Baseline, Score
from seqinterp.attribution.rows import by_rows
from seqinterp.attribution.windowed import is_small, patch_scores
from seqinterp.errors import InputError
from seqinterp.shapes import Attributions, Inputs

Extent = int | tuple[int, ...]


def occlusion(
    score: Score,
    inputs: Inputs,
    /,
    *,
    window: Extent = 1,
    stride: Extent | None = None,
    baseline: Baseline = zeros,
) -> Attributions:
    """Mean drop of the score over the windows that cover a feature, in score units.

    A window slides over the features; its features are replaced by those of a reference, and its drop is
    `score(inputs) - score(occluded)`, the mean over the references. The last window of an axis may reach beyond
    its end and is then cut short, so that every feature is covered. On a CPU the layers of an image
    network are computed only where a window reaches (attribution/windowed.py), which changes rounding alone.

    Args:
        score: the model reduced to one number per example.
        inputs: `(batch, *features)`.
        window: size of the window: a number for all spatial axes, or one per spatial axis, and it covers all
            channels; or one per feature axis, channels first.
        stride: step from one window to the next, in the same ways; None is 1. Not above the window, or some
            features would never be covered.
        baseline: what stands under the window.

    Raises:
        InputError: `window` or `stride` has the wrong number of axes or is out of range.
    """
    features = inputs.shape[1:]
    sizes = _per_axis("window", window, features, features[0])
    steps = _per_axis("stride", 1 if stride is None else stride, features, 1)
    _check(features, sizes, steps)
    axes = [_windows(length, size, step) for length, size, step in zip(features, sizes, steps, strict=True)]
    with torch.no_grad():
        whole = by_rows(score, inputs).cpu().double()
    values = []
    for one, before in zip(inputs.detach(), whole, strict=True):
        after = _occluded_scores(score, one, baseline(one.unsqueeze(0))[0], axes)
        values.append(_mean_over_windows(before - after, axes))
    return torch.stack(values).to(inputs)


def _per_axis(name: str, extent: Extent, features: torch.Size, channels: int) -> list[int]:
    """One number per feature axis; `channels` is that of the channel axis where the caller gave none."""
    places = len(spatial(features))
    given = (extent,) * places if isinstance(extent, int) else tuple(extent)
    if len(given) == len(features):
        return list(given)
    if len(given) != places:
        raise InputError(
            f"{name} must be a number, or one per spatial axis ({places}) or per feature axis ({len(features)}),"
            f" not {len(given)} numbers"
        )
    return [channels, *given]


def _check(features: torch.Size, sizes: list[int], steps: list[int]) -> None:
    """Refuse windows that do not fit and strides that leave features uncovered."""
    for length, size, step in zip(features, sizes, steps, strict=True):
        if not 1 <= size <= length:
            raise InputError(f"window must be 1 to {length} on an axis of {length} features, not {size}")
        if not 1 <= step <= size:
            raise InputError(
                f"stride must be 1 to {size}, the size of the window, so that every feature is covered; got {step}"
            )


def _windows(length: int, size: int, step: int) -> Tensor:
    """The windows of one axis, `(windows, length)`, True where a window covers; the last reaches the end."""
    start = torch.arange(0, length - size + step, step).unsqueeze(1)
    place = torch.arange(length)
    covers: Tensor = (start <= place) & (place < start + size)
    return covers


def _occluded_scores(score: Score, one: Tensor, references: Tensor, axes: list[Tensor]) -> Tensor:
    """The score under each window, the mean over the references, one axis per feature axis."""
    shape = torch.Size([len(axis) for axis in axes])

    def kept(start: int, stop: int) -> Tensor:
        """Masks of the windows numbered `start` to `stop`: a window covers where it covers on every axis."""
        indices = torch.unravel_index(torch.arange(start, stop), shape)
        covered = torch.ones(stop - start, dtype=torch.bool)
        for index, axis in zip(indices, axes, strict=True):
            covered = covered.unsqueeze(-1) & axis[index].reshape(stop - start, *[1] * (covered.ndim - 1), -1)
        return ~covered

    count = shape.numel()
    tall, wide = (int(axis.sum(dim=1).max()) for axis in axes[-2:]) if one.ndim == 3 else (0, 0)
    if one.ndim != 3 or one.device.type != "cpu" or not is_small(one, tall, wide):
        return mixture_scores(score, one, references, kept, count).reshape(shape)
    places = torch.unravel_index(torch.arange(count), shape)[1:]
    # the last window of an axis is cut short: its patch begins earlier, and holds features that are not covered, too
    begins = [
        axis.int().argmax(dim=1).clamp(max=axis.shape[1] - size)[place].tolist()
        for axis, size, place in zip(axes[1:], (tall, wide), places, strict=True)
    ]
    return patch_scores(score, one, references, kept, begins, (tall, wide)).reshape(shape)


def _mean_over_windows(drops: Tensor, axes: list[Tensor]) -> Tensor:
    """Each feature's mean over the windows that cover it: the sum goes axis by axis, as a window is a product."""
    total, cover = drops, torch.ones_like(drops)
    for axis in axes:  # each turn takes the windows' first axis and puts the features' axis last
        total, cover = (torch.tensordot(each, axis.double(), dims=([0], [0])) for each in (total, cover))
    return total / cover
