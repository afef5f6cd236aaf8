"""`flip_prediction`: how few substitutions take a prediction to the other side of a threshold?"""

import math

import torch
from torch import nn

from seqinterp.api.edit_effects import shown
from seqinterp.api.results.flips import Flips
from seqinterp.api.shared.experiment import facts_of, stretches, trying
from seqinterp.api.shared.inputs import as_dna
from seqinterp.api.shared.score import finite_scores
from seqinterp.attribution.protocol import Score, Target
from seqinterp.attribution.run import Device, choose_device
from seqinterp.attribution.targets import as_target
from seqinterp.design.flip import Effort, Flipping, fewest_flips
from seqinterp.design.flip_search import ROUNDING
from seqinterp.errors import InputError
from seqinterp.mutagenesis.window import check_window
from seqinterp.shapes import Array, Scores, Sequences


def flip_prediction(  # noqa: PLR0913 - each is one thing that a person sets
    model: nn.Module,
    inputs: Array,
    *,
    target: int | Target = 0,
    threshold: float = 0.0,
    most: int = 5,
    width: int = 16,
    exhaustive: bool = True,
    start: int = 0,
    stop: int | None = None,
    device: Device = None,
    progress: bool = False,
) -> Flips:
    """For every sequence the smallest set of substitutions found that takes its score across a threshold.

    All single substitutions are tried, by exact mutagenesis; then pairs that a beam reaches, and where none of them
    flips all pairs; then sets of three and more by a beam. From what is found every substitution is taken out again
    that it does not need. A score crosses where it lies beyond the threshold by more than rounding, in a forward pass.

    Args:
        model: any module from `(batch, 4, position)` to outputs; it is given back as it was found.
        inputs: one-hot DNA `(batch, 4, position)` without N.
        target: which output is scored, by index, or a callable from outputs to `(batch,)`.
        threshold: where the prediction changes: 0 for a logit, 0.5 for a probability.
        most: the largest number of substitutions that is tried.
        width: how many of the best sets are extended in every round of the beam.
        exhaustive: try all pairs before three are thought to be needed. Of windows of more than 683 positions, which
            have more than two million pairs, they never are.
        start, stop: positions edited, 0-based and half-open; `stop=None` is the end.
        device: "cpu", "cuda" ...; None takes a GPU when there is one and says so when there is not.
        progress: show a progress bar.

    Returns:
        `Flips`: whether each one flips, the edits, the scores before and after, how many edits are proven to be needed
        at least, and how many single edits flip it.

    Raises:
        ShapeError: the inputs are not one-hot DNA.
        InputError: a column is no base, a score lies at the threshold, the window leaves the sequence, or an option
            cannot be used.
        ModelError: the score is not one finite number per example, also after an edit.
    """
    sequences = as_dna(model, inputs)
    _refuse_unknown_bases(sequences)
    begin, end = check_window(sequences, start, stop)
    effort = Effort(most, width, exhaustive)
    if not math.isfinite(threshold):
        raise InputError(f"threshold must be a finite number, not {threshold}")
    score, place = Score(model, as_target(target)), choose_device(device)
    before = finite_scores(score, sequences, batch_size=None, device=place)
    _refuse_at_threshold(before, threshold)
    parts = stretches(len(sequences))
    found: list[Flipping] = []
    with trying(score, place) as notes:
        for first, last in shown(parts, progress):
            here = sequences[first:last].to(place, copy=True)
            window = {"start": begin, "stop": end, "repeats": len(parts)}
            found.append(fewest_flips(score, here, threshold=threshold, effort=effort, **window))
    facts = facts_of(score, sequences, notes, seed=0, place=place)
    if facts["output_kind"] == "probability" and not 0 < threshold < 1:
        facts["warnings"].append(
            f"the outputs look like probabilities, which never cross {threshold:g}; pass threshold=0.5"
        )
    facts |= {"most": most, "width": width, "exhaustive": exhaustive}
    return _joined(sequences, found, float(threshold), (begin, end), facts)


def _joined(
    inputs: Sequences, found: list[Flipping], threshold: float, window: tuple[int, int], facts: dict[str, object]
) -> Flips:
    """What was found in all stretches, as one result."""
    chosen = [one for part in found for one in part.chosen]
    numbers = torch.tensor([number for one in chosen for number in one], dtype=torch.int64)
    example = torch.arange(len(chosen)).repeat_interleave(torch.tensor([len(one) for one in chosen]))
    score, after, closest = (
        torch.cat([getattr(part, name) for part in found]).to(torch.promote_types(inputs.dtype, torch.float32))
        for name in ("score", "after", "closest")
    )
    fewest, singles = (torch.cat([getattr(part, name) for part in found]) for name in ("fewest_proven", "single_flips"))
    edits = (example, numbers // 4, numbers % 4)
    return Flips(inputs, *edits, score, after, closest, fewest, singles, threshold, *window, facts)


def _refuse_unknown_bases(inputs: Sequences) -> None:
    """Raise InputError unless every column is one base."""
    unknown = ((inputs != 0) & (inputs != 1)).any(dim=1) | (inputs.sum(dim=1) != 1)
    if bool(unknown.any()):
        example, position = unknown.nonzero()[0].tolist()
        raise InputError(
            f"position {position} of example {example} (counting from 0) is N or a mixture, and what replaces an"
            " unknown base is no edit; give sequences of A, C, G and T"
        )


def _refuse_at_threshold(scores: Scores, threshold: float) -> None:
    """Raise InputError where a score has no side."""
    rounding = ROUNDING * torch.finfo(scores.dtype).eps * scores.abs().clamp_min(abs(threshold))
    at = ((scores.double() - threshold).abs() <= rounding).nonzero().flatten()
    if len(at):
        example = int(at[0])
        raise InputError(
            f"the score of example {example} (counting from 0) is {float(scores[example]):.9g}, at the threshold of"
            f" {threshold:g}, so there is no side to leave; leave it out, or pass another threshold"
        )
