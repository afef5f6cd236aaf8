"""`sweep_spacing`: at which distance and in which orientation do two motifs need each other?"""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import nn

from seqinterp.api.edit_effects import shown
from seqinterp.api.results.spacing import SpacingEffects
from seqinterp.api.shared.experiment import facts_of, refuse_odd_effects, stretches, trying
from seqinterp.api.shared.inputs import as_dna
from seqinterp.api.shared.motif_words import named_pwms
from seqinterp.api.shared.score import finite_scores
from seqinterp.attribution.protocol import Score, Target
from seqinterp.attribution.run import Device, choose_device
from seqinterp.attribution.targets import as_target
from seqinterp.design.experiments.spacing import ORIENTATIONS, check_arrangement, fitting_gaps, spacing_effects
from seqinterp.design.experiments.words import consensus
from seqinterp.errors import InputError
from seqinterp.sequence.onehot import decode
from seqinterp.shapes import Array

WIDEST = 50  # the widest gap that is tried when none are given


def sweep_spacing(
    model: nn.Module,
    backgrounds: Array,
    motif: Any,
    other: Any,
    *,
    target: int | Target = 0,
    gaps: Iterable[int] | None = None,
    orientations: Sequence[str] = ORIENTATIONS,
    device: Device = None,
    progress: bool = False,
) -> SpacingEffects:
    """Put two motifs into every background at every distance, in every orientation: what do both do beyond their sum?

    The interaction is effect(both) - effect(left) - effect(right), each motif alone where it stands in the pair, so
    that it is zero where the score adds the two up. Where the score itself bends (a probability, say) any two motifs
    interact at any distance; score logits. Effects are exact; where the model allows only what an insertion can reach
    is recomputed.

    A gap is the number of bases between the last base of the left motif and the first base of the right one: 0 where
    they touch, 10 where right_start = left_start + left_width + 10, as `spacing` of tangermeme's `space`. It cannot be
    negative: motifs would overlap, and which of them is then put in is not a question of spacing. `motif` is on the
    left; for the other order swap the two. Both with their gap stand in the middle: left_start = length // 2 -
    (left_width + gap + right_width) // 2.

    Args:
        model: any module from `(batch, 4, position)` to outputs; it is given back as it was found.
        backgrounds: one-hot DNA `(batch, 4, position)`; for sequences that hold motifs of their own shuffle them first.
        motif, other: the left motif and the right one, each a `Motif`, a string or an array as `marginalize` takes
            them; the most probable bases are put in.
        target: which output is scored, by index, or a callable from outputs to `(batch,)`.
        gaps: the distances; None tries 0 to 50, or to the widest that fits.
        orientations: "++", "+-", "-+", "--", the strand of the left motif and then of the right one. A motif on "-" is
            turned to the other strand in its place.
        device: "cpu", "cuda" ...; None takes a GPU when there is one and says so when there is not.
        progress: show a progress bar.

    Returns:
        `SpacingEffects`: effects of both and of each alone `(orientation, gap, background)`, a table, and `best()`.

    Raises:
        ShapeError: the backgrounds are not one-hot DNA, or an array is no motif.
        InputError: motifs overlap (a negative gap) or do not fit, or an option cannot be used.
        AlphabetError: a string is not DNA.
        ModelError: the score is not one finite number per example, also with motifs.
    """
    sequences, score, place = as_dna(model, backgrounds), Score(model, as_target(target)), choose_device(device)
    pwms = [named_pwms(one) for one in (motif, other)]
    if any(len(one) != 1 for one in pwms):
        raise InputError(
            "sweep_spacing takes two motifs, one on the left and one on the right; ask synergy for several"
        )
    names = (next(iter(pwms[0])), next(iter(pwms[1])))
    left, right = (consensus(next(iter(one.values()))) for one in pwms)
    length, sizes = sequences.shape[2], (left.shape[2], right.shape[2])
    distances = fitting_gaps(length, *sizes, WIDEST) if gaps is None else tuple(int(gap) for gap in gaps)
    check_arrangement(length, *sizes, distances, orientations)
    before = finite_scores(score, sequences, batch_size=None, device=place)
    parts, found = stretches(len(sequences)), []
    options = {"gaps": distances, "orientations": orientations, "repeats": len(parts)}
    with trying(score, place) as notes:
        for first, last in shown(parts, progress):
            here = sequences[first:last].to(place, copy=True)
            found.append(spacing_effects(score, here, left, right, **options))  # type: ignore[arg-type]
    effects = {name: torch.cat([getattr(one, name) for one in found], dim=2) for name in ("both", "left", "right")}
    refuse_odd_effects(*effects.values())
    return SpacingEffects(
        names=names,
        sequences=(decode(left)[0], decode(right)[0]),
        gaps=distances,
        orientations=tuple(orientations),
        **effects,
        score=before,
        length=length,
        origin=facts_of(score, sequences, notes, seed=0, place=place),
    )
