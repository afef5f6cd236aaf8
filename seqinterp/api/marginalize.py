"""`marginalize`: what does a motif do by itself, in sequences that are not about it?"""

from typing import Any

import torch
from torch import nn

from seqinterp.api.edit_effects import shown
from seqinterp.api.results.marginal_effects import MarginalEffects
from seqinterp.api.shared.experiment import facts_of, refuse_odd_effects, trying
from seqinterp.api.shared.inputs import as_dna
from seqinterp.api.shared.motif_words import named_pwms
from seqinterp.api.shared.score import finite_scores
from seqinterp.attribution.protocol import Score, Target
from seqinterp.attribution.run import Device, choose_device
from seqinterp.attribution.targets import as_target
from seqinterp.design.experiments.insertions import centred, insertions
from seqinterp.design.experiments.marginal import marginal_effects
from seqinterp.design.experiments.words import consensus, sampled
from seqinterp.sequence.onehot import decode
from seqinterp.shapes import Array


def marginalize(
    model: nn.Module,
    backgrounds: Array,
    motifs: Any,
    *,
    target: int | Target = 0,
    start: int | None = None,
    samples: int | None = None,
    draws: int = 100,
    seed: int = 0,
    device: Device = None,
    progress: bool = False,
) -> MarginalEffects:
    """Put motifs over what is there in every background: by how much does the score change, and would any word do?

    Effects are exact; where the model allows only what an insertion can reach is recomputed.

    Args:
        model: any module from `(batch, 4, position)` to outputs; it is given back as it was found.
        backgrounds: one-hot DNA `(batch, 4, position)`; for sequences that hold motifs of their own shuffle them first.
        motifs: one or several, or a mapping from names to them. A motif is a `Motif`, a string (N keeps what is there)
            or an array of probabilities `(4, width)` (a column of zeros keeps what is there).
        target: which output is scored, by index, or a callable from outputs to `(batch,)`.
        start: where a motif's first column goes; None is the middle, length // 2 - width // 2.
        samples: None puts in the most probable base of each column (columns with four equal probabilities keep what is
            there); a number draws so many words from the probabilities, and effects are means over them.
        draws: shuffles of each motif's bases that it is compared with. The smallest p-value is 1 / (1 + draws): for one
            of m motifs to reach a q-value of 0.05 by itself it takes 20 m draws.
        seed: words and shuffles follow from it.
        device: "cpu", "cuda" ...; None takes a GPU when there is one and says so when there is not.
        progress: show a progress bar.

    Returns:
        `MarginalEffects`: effects `(motif, background)`, those of the shuffles, and a table with p- and q-values.

    Raises:
        ShapeError: the backgrounds are not one-hot DNA, or an array is no motif.
        InputError: a motif is longer than the backgrounds or leaves them, or an option cannot be used.
        AlphabetError: a string is not DNA.
        ModelError: the score is not one finite number per example, also with a motif.
    """
    sequences, score, place = as_dna(model, backgrounds), Score(model, as_target(target)), choose_device(device)
    pwms = named_pwms(motifs, drawn=samples is not None)
    length = sequences.shape[2]
    best = {name: consensus(pwm) for name, pwm in pwms.items()}
    starts = [centred(length, word.shape[2]) if start is None else start for word in best.values()]
    for word, first in zip(best.values(), starts, strict=True):
        insertions(sequences[:1], word, first)  # refuses what does not fit before any work starts
    before = finite_scores(score, sequences, batch_size=None, device=place)
    found = []
    with trying(score, place) as notes:
        here = sequences.to(place, copy=True)
        for (name, pwm), first in shown(list(zip(pwms.items(), starts, strict=True)), progress):
            words = best[name] if samples is None else sampled(pwm, samples, seed=seed)
            options = {"start": first, "draws": draws, "seed": seed, "repeats": len(pwms)}
            found.append(marginal_effects(score, here, words, **options))
    effects, controls = torch.stack([one.effects for one in found]), torch.stack([one.controls for one in found])
    refuse_odd_effects(effects, controls)
    facts = facts_of(score, sequences, notes, seed=seed, place=place)
    spelled = tuple(decode(word)[0] for word in best.values())
    return MarginalEffects(
        tuple(pwms), spelled, tuple(starts), effects, controls, before, {**facts, "samples": samples}
    )
