"""The step of the main job that asks whether explanations of the model deserve belief."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from seqinterp.api.evaluate import LEAST, evaluate
from seqinterp.api.results.scorecard import Scorecard
from seqinterp.api.shared.chosen_examples import evenly_over_labels
from seqinterp.attribution.run import Device
from seqinterp.io import run_folder as files
from seqinterp.sequence.examples import Examples

EXAMPLES = 24
QUICK = ("gradient_times_input", "lrp", "deeplift", "mutagenesis")


def evaluate_held_out(
    folder: Path, model: nn.Module, held: Examples, *, seed: int = 0, device: Device = None
) -> Scorecard | None:
    """Put a few quick methods on trial on held-out examples, with labels and planted sites where they are known.

    None, and nothing is written, where fewer examples were held out than a trial needs.
    """
    chosen = evenly_over_labels(held.labels, EXAMPLES)
    if len(chosen) < LEAST:
        return None
    card = trial_of(model, held.take(chosen), QUICK, seed=seed, device=device)
    card.save(folder / files.SCORECARD)
    return card


def trial_of(
    model: nn.Module,
    examples: Examples,
    methods: tuple[str, ...] | None,
    *,
    labelled: bool = True,
    **options: Any,
) -> Scorecard:
    """`evaluate` with all that the examples know: labels where there are two, planted sites where there are any.

    The card knows the names of the examples.
    """
    known: dict[str, Any] = {}
    if labelled and len(np.unique(examples.labels)) == 2:
        known["labels"] = examples.labels
    if examples.sites is not None and bool((truth := examples.truth()).any()):
        known["truth"] = truth
    card = evaluate(model, examples.inputs, methods, **known, **options)
    return replace(card, facts={**card.facts, "names": list(examples.names)})
