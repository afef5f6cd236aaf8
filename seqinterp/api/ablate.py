"""`ablate`: what does the score lose when sites are emptied, and would any other place do?"""

import pandas as pd
import torch
from torch import nn

from seqinterp.api.edit_effects import shown
from seqinterp.api.results.ablation import Ablation
from seqinterp.api.shared.experiment import facts_of, refuse_odd_effects, stretches, trying
from seqinterp.api.shared.inputs import as_dna
from seqinterp.api.shared.score import finite_scores
from seqinterp.api.shared.sites import as_sites
from seqinterp.attribution.protocol import Score, Target
from seqinterp.attribution.run import Device, choose_device
from seqinterp.attribution.targets import as_target
from seqinterp.design.experiments.ablation import ablations
from seqinterp.shapes import Array


def ablate(
    model: nn.Module,
    inputs: Array,
    sites: pd.DataFrame,
    *,
    target: int | Target = 0,
    fill: str = "background",
    draws: int = 10,
    controls: int = 40,
    seed: int = 0,
    device: Device = None,
    progress: bool = False,
) -> Ablation:
    """Empty every site of a table by itself, and equally wide places beside the sites.

    Effects are exact; where the model allows only what an edit can reach is recomputed.

    Args:
        model: any module from `(batch, 4, position)` to outputs; it is given back as it was found.
        inputs: one-hot DNA `(batch, 4, position)`.
        sites: columns example, start, stop (0-based, half-open, in the input), and motif where sites belong to motifs;
            the tables of hits and seqlets that `discover` gives are such.
        target: which output is scored, by index, or a callable from outputs to `(batch,)`.
        fill: what a site becomes. "background": the same columns of a dinucleotide shuffle of the whole example;
            "shuffle": the site's own bases in a random order, which for a site of one kind of base changes nothing.
        draws: how often each site is filled; its drop is the mean.
        controls: places of the same width in the same example that touch no site of the table, drawn without repeats.
            The smallest p-value of a site is 1 / (1 + controls).
        seed: fills and places follow from it and the example alone.
        device: "cpu", "cuda" ...; None takes a GPU when there is one and says so when there is not.
        progress: show a progress bar.

    Returns:
        `Ablation`: drops `(sites, draws)`, those of the controls, a table of the sites and one of the motifs.

    Raises:
        ShapeError: the inputs are not one-hot DNA.
        InputError: a column is missing, a row leaves the inputs, or an option cannot be used.
        ModelError: the score is not one finite number per example, also after an edit.
    """
    sequences, score, place = as_dna(model, inputs), Score(model, as_target(target)), choose_device(device)
    table, windows = as_sites(sites, sequences)
    before = finite_scores(score, sequences, batch_size=None, device=place)
    options = {"fill": fill, "draws": draws, "controls": controls, "seed": seed}
    parts = [(span, *windows.within(*span)) for span in stretches(len(sequences))]
    parts = [part for part in parts if len(part[1])]
    drops = before.new_zeros(len(table), max(draws, 0))
    others = before.new_zeros(len(table), max(controls, 0))
    with trying(score, place) as notes:
        for (first, last), some, index in shown(parts, progress):
            here = sequences[first:last].to(place, copy=True)
            found = ablations(score, here, some, **options, repeats=len(parts))  # type: ignore[arg-type]
            drops[index], others[index] = found.drops.to(before.dtype), found.controls.to(before.dtype)
    refuse_odd_effects(drops, torch.nan_to_num(others, nan=0.0, posinf=torch.inf, neginf=-torch.inf))
    facts = facts_of(score, sequences, notes, seed=seed, place=place)
    return Ablation(table, drops, others, before, {**facts, "fill": fill})
