"""`synergy`: which motifs do more together than the sum of the two?"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

import torch
from torch import nn

from seqinterp.api.edit_effects import shown
from seqinterp.api.results.synergy import Synergy
from seqinterp.api.shared.experiment import facts_of, refuse_odd_effects, trying
from seqinterp.api.shared.inputs import as_dna
from seqinterp.api.shared.motif_words import named_pwms
from seqinterp.api.shared.score import finite_scores
from seqinterp.attribution.protocol import Score, Target
from seqinterp.attribution.run import Device, choose_device
from seqinterp.attribution.targets import as_target
from seqinterp.design.experiments.spacing import check_arrangement
from seqinterp.design.experiments.synergy import pair_interaction
from seqinterp.design.experiments.words import consensus
from seqinterp.errors import InputError
from seqinterp.shapes import Array, Words

Pair = tuple[tuple[str, Words], tuple[str, Words]]


def synergy(
    model: nn.Module,
    backgrounds: Array,
    motifs: Any,
    *,
    target: int | Target = 0,
    gaps: int | Iterable[int] = 10,
    orientations: Sequence[str] = ("++",),
    draws: int = 100,
    seed: int = 0,
    device: Device = None,
    progress: bool = False,
) -> Synergy:
    """Put pairs of motifs into backgrounds: do both do more than their sum, and would any partner do?

    The interaction effect(both) - effect(left) - effect(right) is compared with that of the left motif and shuffles of
    the right one, and of the right motif and shuffles of the left one. Where the score itself bends (a probability,
    say) any two motifs with an effect interact; score logits. Effects are exact; where the model allows only what an
    insertion can reach is recomputed.

    Args:
        model: any module from `(batch, 4, position)` to outputs; it is given back as it was found.
        backgrounds: one-hot DNA `(batch, 4, position)`; for sequences that hold motifs of their own shuffle them first.
        motifs: several, or a mapping from names to them: every pair of two is tested, the earlier one on the left. Or a
            list of pairs (left, right) to test these. A motif is what `marginalize` takes as one.
        target: which output is scored, by index, or a callable from outputs to `(batch,)`.
        gaps, orientations: placements, as of `sweep_spacing`; interactions are means over all their combinations.
        draws: shuffles of each partner. The smallest p-value is 1 / (1 + draws): for one of m pairs to reach a q-value
            of 0.05 by itself it takes 20 m draws.
        seed: shuffles follow from it.
        device: "cpu", "cuda" ...; None takes a GPU when there is one and says so when there is not.
        progress: show a progress bar.

    Returns:
        `Synergy`: effects and controls of every pair, and a table with p- and q-values.

    Raises:
        ShapeError: the backgrounds are not one-hot DNA, or an array is no motif.
        InputError: there are not two motifs, motifs overlap or do not fit, or an option cannot be used.
        AlphabetError: a string is not DNA.
        ModelError: the score is not one finite number per example, also with motifs.
    """
    sequences, score, place = as_dna(model, backgrounds), Score(model, as_target(target)), choose_device(device)
    pairs = _pairs(motifs)
    distances = tuple(int(gap) for gap in (gaps if isinstance(gaps, Iterable) else [gaps]))
    for (_, left), (_, right) in pairs:
        check_arrangement(sequences.shape[2], left.shape[2], right.shape[2], distances, orientations)
    before = finite_scores(score, sequences, batch_size=None, device=place)
    options = {"gaps": distances, "orientations": orientations, "draws": draws, "seed": seed, "repeats": len(pairs)}
    found = []
    with trying(score, place) as notes:
        here = sequences.to(place, copy=True)
        for (_, left), (_, right) in shown(pairs, progress):
            found.append(pair_interaction(score, here, left, right, **options))  # type: ignore[arg-type]
    names = ("both", "left", "right", "controls")
    arrays = {name: torch.stack([getattr(one, name) for one in found]) for name in names}
    refuse_odd_effects(*arrays.values())
    facts = facts_of(score, sequences, notes, seed=seed, place=place)
    labels = tuple((left[0], right[0]) for left, right in pairs)
    return Synergy(labels, distances, tuple(orientations), **arrays, score=before, origin=facts)


def _pairs(motifs: Any) -> list[Pair]:
    """The pairs asked for, each motif with its name and its consensus."""
    several = isinstance(motifs, Sequence) and not isinstance(motifs, str)
    if several and len(motifs) and all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in motifs):
        return [(_named(left, "left"), _named(right, "right")) for left, right in motifs]
    words = [(name, consensus(pwm)) for name, pwm in named_pwms(motifs).items()]
    if len(words) < 2:
        raise InputError("synergy is of pairs of motifs, but one motif came; give several, or a list of pairs of them")
    return list(combinations(words, 2))


def _named(motif: Any, side: str) -> tuple[str, Words]:
    """One motif of a pair; an array without a name goes by its side."""
    pwms = named_pwms(motif)
    if len(pwms) != 1:
        raise InputError(f"each side of a pair must be one motif, but the {side} one is {len(pwms)}")
    name, pwm = next(iter(pwms.items()))
    unnamed = not isinstance(motif, Mapping) and name == "motif_0"
    return (f"{side}_motif" if unnamed else name), consensus(pwm)
