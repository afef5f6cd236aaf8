"""`mutate_pairs`: which two edits do more, or less, together than one after the other?"""

import torch
from torch import nn

from seqinterp.api.edit_effects import shown
from seqinterp.api.results.pairs import PairEffects
from seqinterp.api.shared.inputs import as_dna
from seqinterp.api.shared.score import finite_scores, origin
from seqinterp.attribution.protocol import Score, Target
from seqinterp.attribution.run import Device, borrowed, choose_device
from seqinterp.attribution.targets import as_target
from seqinterp.errors import ModelError
from seqinterp.mutagenesis.pairs import pair_effects
from seqinterp.mutagenesis.window import check_window
from seqinterp.shapes import Array

PAIRS = 2**17  # asked about between two steps of the progress bar


def mutate_pairs(
    model: nn.Module,
    inputs: Array,
    *,
    target: int | Target = 0,
    start: int = 0,
    stop: int | None = None,
    device: Device = None,
    progress: bool = False,
) -> PairEffects:
    """Score every double substitution inside a window, and how far it is from the sum of the two: epistasis.

    A window of W positions has 9 W (W - 1) / 2 pairs; they are asked about in pieces, and their effects, 16 W^2 numbers
    for each sequence, are kept: 160,000 for 100 positions.

    Args:
        model: any module from `(batch, 4, position)` to outputs; it is given back as it was found.
        inputs: one-hot DNA `(batch, 4, position)`.
        target: which output is scored, by index, or a callable from outputs to `(batch,)`.
        start, stop: positions edited, 0-based and half-open; `stop=None` is the end.
        device: "cpu", "cuda" ...; None takes a GPU when there is one and says so when there is not.
        progress: show a progress bar.

    Returns:
        `PairEffects`: the effects of single edits and of pairs, and `interaction`, E(ij) - E(i) - E(j).

    Raises:
        ShapeError: the inputs are not one-hot DNA.
        InputError: the window is empty or leaves the sequence, or the target does not exist.
        ModelError: the score is not one finite number per example, also for an edit.
    """
    sequences = as_dna(model, inputs)
    begin, end = check_window(sequences, start, stop)
    score, place = Score(model, as_target(target)), choose_device(device)
    before = finite_scores(score, sequences, batch_size=None, device=place)
    width = end - begin
    parts = list(sequences.split(max(1, PAIRS // (9 * width * width))))
    found = []
    with torch.inference_mode(False), torch.no_grad(), borrowed(score, place):
        for part in shown(parts, progress):
            found.append(pair_effects(score, part.to(place, copy=True), start=begin, stop=end))
    single = before.new_zeros(sequences.shape)
    single[:, :, begin:end] = torch.cat([part.single for part in found])
    both = torch.cat([part.both for part in found]).to(before.dtype)
    if not bool(torch.isfinite(both).all()):
        raise ModelError("the score of some edited sequences is NaN or infinite, so pairs of edits cannot be compared")
    facts = origin(score, sequences, seed=0, device=place)
    return PairEffects(sequences, single, both, before, begin, end, facts)
