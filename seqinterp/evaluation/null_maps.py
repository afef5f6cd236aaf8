"""Explanations that know nothing of the model: what the input alone would draw (Adebayo et al. 2018, arXiv:1810.03292).

Each gives one number per place, `(batch, *places)`. An attribution that is no more than one of these explains the
input, not the model. The map of an untrained copy of the model is one more, and the caller has it.
"""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from seqinterp.attribution.dna import require_dna
from seqinterp.errors import InputError, ShapeError
from seqinterp.shapes import AnyNumbers, Inputs, Natural, PlaceMap, PositionMap, Sequences


def gc_indicator(inputs: Sequences, /) -> PositionMap:
    """1 where the base is C or G, 0 where it is A, T or N; a mixture gives its share.

    Raises:
        ShapeError: the inputs are not one-hot DNA.
    """
    require_dna(inputs, "the null map 'gc_indicator'")
    return inputs[:, 1:3].sum(dim=1)


def word_rarity(inputs: Sequences, /, *, width: int = 6, among: Natural | None = None) -> PositionMap:
    """How rare the words that cover a position are, in bits: the mean of -log2 of their share of all words.

    Words of `width` bases are counted in `among`, by default the inputs themselves, with one added to every possible
    word. A word with an N or a mixture counts nowhere; a position that no other word covers gets 0.

    Raises:
        ShapeError: the inputs are not one-hot DNA.
        InputError: `width` is not from 1 to 10, or longer than the sequences.
    """
    natural = inputs if among is None else among
    require_dna(inputs, "the null map 'word_rarity'")
    require_dna(natural, "the sequences that words are counted among")
    longest = min(10, inputs.shape[2], natural.shape[2])
    if not 1 <= width <= longest:
        raise InputError(f"width must be from 1 to {longest} bases here, not {width}")
    known = word_numbers(natural, width)
    counts = torch.bincount(known[known >= 0], minlength=4**width).double() + 1
    bits = (counts.sum() / counts).log2()
    words = word_numbers(inputs, width)
    there = (words >= 0).double()
    total, covering = (_over_windows(rows, width) for rows in (bits[words.clamp(min=0)] * there, there))
    return (total / covering.clamp(min=1)).to(inputs)


def word_numbers(inputs: Sequences, width: int) -> Tensor:
    """The word at every place as a base-4 number, `(batch, places)`; -1 where it is not of plain bases."""
    plain = (inputs == 1).sum(dim=1) == 1
    codes = inputs.argmax(dim=1)
    powers = 4 ** torch.arange(width - 1, -1, -1, device=inputs.device)
    numbers = (codes.unfold(1, width, 1) * powers).sum(dim=2)
    return numbers.where(plain.unfold(1, width, 1).all(dim=2), -1).cpu()


def _over_windows(values: Tensor, width: int) -> Tensor:
    """For every position the sum over the windows that cover it."""
    padded = F.pad(values, (width - 1, width - 1))
    return padded.unfold(1, width, 1).sum(dim=2)


def motif_scan(inputs: Sequences, /, *, scorings: Sequence[AnyNumbers]) -> PositionMap:
    """The best score of the motif windows that cover a position, on either strand; 0 where none is above 0.

    `scorings` are log-odds `(4, width)`, such as `Motif.pssm`.

    Raises:
        ShapeError: the inputs are not one-hot DNA.
        InputError: no motif came, one is longer than the sequences, or one holds numbers that are not finite.
    """
    require_dna(inputs, "the null map 'motif_scan'")
    if not scorings:
        raise InputError("at least one motif is needed to scan, but none came")
    best = torch.zeros_like(inputs[:, 0], dtype=torch.float64)
    for number, scoring in enumerate(scorings):
        if scoring.shape[1] > inputs.shape[2] or not np.isfinite(scoring).all():
            raise InputError(f"motif {number} must hold finite numbers and be no longer than {inputs.shape[2]} bases")
        for strand in (scoring, scoring[::-1, ::-1]):
            filters = torch.tensor(strand.copy(), dtype=torch.float64, device=inputs.device).unsqueeze(0)
            found = F.conv1d(inputs.double(), filters)[:, 0].clamp(min=0)
            reach = scoring.shape[1] - 1
            covered = F.pad(found, (reach, reach)).unfold(1, reach + 1, 1).amax(dim=2)
            best = torch.maximum(best, covered)
    return best.to(inputs)


def sobel_edges(inputs: Inputs, /) -> PlaceMap:
    """How steep an image is at every pixel: the length of Sobel's gradient, summed over channels.

    The edge of the image is continued with its own pixels.

    Raises:
        ShapeError: the inputs are not `(batch, channel, row, column)`.
    """
    _require_images(inputs, "sobel_edges")
    across = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]], dtype=torch.float64)
    filters = torch.stack([across, across.T]).unsqueeze(1).to(inputs.device)
    batch, channels, *size = inputs.shape
    padded = F.pad(inputs.double().reshape(batch * channels, 1, *size), (1, 1, 1, 1), mode="replicate")
    steepness: Tensor = F.conv2d(padded, filters).square().sum(dim=1).sqrt()
    return steepness.reshape(batch, channels, *size).sum(dim=1).to(inputs)


def intensity(inputs: Inputs, /) -> PlaceMap:
    """How bright an image is at every pixel: the plain mean over channels.

    Not the brightness that the eye sees (`images.greys.as_grey`): a null map stands beside attributions, which count
    every channel alike, and inputs may have any channels.

    Raises:
        ShapeError: the inputs are not `(batch, channel, row, column)`.
    """
    _require_images(inputs, "intensity")
    return inputs.mean(dim=1)


def _require_images(inputs: Inputs, name: str) -> None:
    """Raise ShapeError unless the inputs are images."""
    if inputs.ndim != 4:
        raise ShapeError(
            f"the null map {name!r} needs images of shape (batch, channel, row, column), not {tuple(inputs.shape)}"
        )
