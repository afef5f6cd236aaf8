"""Does an explanation follow its input when that is turned or moved? (Crabbé and van der Schaar 2023, arXiv:2304.06715;
Shrikumar et al. 2017, doi:10.1101/103663, on models that treat both strands alike.)

Both give the similarity of the explanation of the changed input, put back where it came from, and the explanation of
the input: 1 is best. A model that is not symmetric itself lowers them for every method alike, so hold them against
`strand_change` and `shift_change`: how far the score moved.
"""

import torch
from torch import Tensor

from seqinterp.attribution.chance import generator
from seqinterp.attribution.dna import is_dna, require_dna
from seqinterp.attribution.dna_baselines import dinucleotide_shuffle
from seqinterp.attribution.protocol import Explainer, Score
from seqinterp.attribution.rows import by_rows
from seqinterp.errors import InputError, ShapeError
from seqinterp.evaluation.similarity import Similarity, contributions, spearman
from seqinterp.sequence.strand import reverse_complement_inputs
from seqinterp.shapes import Attributions, Inputs, Scores


def reverse_complement_consistency(
    score: Score,
    inputs: Inputs,
    attributions: Attributions,
    /,
    *,
    explainer: Explainer,
    similarity: Similarity = spearman,
) -> Scores:
    """How alike the contributions of each position are when the other strand is explained; larger is better.

    Raises:
        ShapeError: the inputs are not one-hot DNA.
    """
    require_dna(inputs, "reverse-complement consistency")
    turned = explainer(score, reverse_complement_inputs(inputs)).detach()
    return similarity(contributions(attributions), contributions(reverse_complement_inputs(turned)))


def strand_change(score: Score, inputs: Inputs, /) -> Scores:
    """Score of the reverse complement minus score, `(batch,)`: 0 for a model that treats both strands alike.

    Raises:
        ShapeError: the inputs are not one-hot DNA.
    """
    require_dna(inputs, "the change of a score between strands")
    return _change(score, inputs, reverse_complement_inputs(inputs))


def shift_consistency(
    score: Score,
    inputs: Inputs,
    attributions: Attributions,
    /,
    *,
    explainer: Explainer,
    shift: int = 1,
    margin: int = 0,
    seed: int = 0,
    similarity: Similarity = spearman,
) -> Scores:
    """How alike the contributions are when the input is moved `shift` places along its last axis; larger is better.

    A negative shift moves it to the left. What is compared are the places that are in both inputs, without `margin`
    more at either end: a convolution sees the new flank from as far as it reaches. See `shifted` for the flank.

    Raises:
        ShapeError: the inputs have no axis of places.
        InputError: fewer than two places along the last axis are left to compare.
    """
    length = inputs.shape[-1]
    if margin < 0 or length - abs(shift) - 2 * margin < 2:
        raise InputError(
            f"a shift of {shift} with a margin of {margin} leaves fewer than two of {length} places to compare; margin"
            " must be 0 or more, and both smaller"
        )
    moved = contributions(explainer(score, shifted(inputs, shift=shift, seed=seed)).detach())
    own = contributions(attributions)
    start, stop = max(0, -shift) + margin, length - max(0, shift) - margin
    return similarity(own[..., start:stop], moved[..., start + shift : stop + shift])


def shift_change(score: Score, inputs: Inputs, /, *, shift: int = 1, seed: int = 0) -> Scores:
    """Score of the shifted input minus score, `(batch,)`."""
    return _change(score, inputs, shifted(inputs, shift=shift, seed=seed))


def shifted(inputs: Inputs, /, *, shift: int, seed: int = 0) -> Inputs:
    """Each example moved `shift` places along its last axis, to the left when negative; the gap filled from itself.

    The flank of DNA comes from the same end of a dinucleotide shuffle of the example, that of a picture from its own
    columns, drawn without replacement: what stands there is natural and says nothing new.

    Raises:
        ShapeError: the inputs are not `(batch, channel, ...places)`.
        InputError: the shift is 0 or as long as the example.
    """
    if inputs.ndim < 3:
        raise ShapeError(f"a shift needs inputs of shape (batch, channel, ...places), not {tuple(inputs.shape)}")
    length = inputs.shape[-1]
    if shift == 0 or abs(shift) >= length:
        raise InputError(f"shift must be from 1 to {length - 1} places, or negative for the left, not {shift}")
    moved = inputs.roll(shift, dims=-1)
    flank = slice(0, shift) if shift > 0 else slice(length + shift, length)
    moved[..., flank] = _stirred(inputs, seed)[..., flank]
    return moved


def _stirred(inputs: Inputs, seed: int) -> Inputs:
    """Each example with its own positions (DNA, neighbours kept) or columns in another order."""
    if is_dna(inputs):
        return dinucleotide_shuffle(inputs, draws=1, seed=seed)[:, 0]
    length = inputs.shape[-1]
    orders = [torch.randperm(length, generator=generator(seed, example, "shift")) for example in inputs]
    rows = zip(inputs, orders, strict=True)
    return torch.stack([example[..., order.to(inputs.device)] for example, order in rows])


def _change(score: Score, inputs: Inputs, changed: Tensor) -> Scores:
    """How far the score moves, without gradients."""
    with torch.no_grad():
        return by_rows(score, changed) - by_rows(score, inputs)
