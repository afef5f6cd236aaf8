"""`necessity_and_sufficiency`: how much of the score goes with a motif's sites, and how much do these bring alone?"""

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from seqinterp.api.edit_effects import shown
from seqinterp.api.results.necessity import NecessitySufficiency
from seqinterp.api.shared.experiment import facts_of, refuse_odd_effects, stretches, trying
from seqinterp.api.shared.inputs import as_dna
from seqinterp.api.shared.score import finite_scores
from seqinterp.api.shared.sites import as_sites, motif_names
from seqinterp.attribution.protocol import Score, Target
from seqinterp.attribution.rows import row_limit
from seqinterp.attribution.run import Device, choose_device
from seqinterp.attribution.targets import as_target
from seqinterp.design.experiments.necessity import Mixtures, mixtures, shares
from seqinterp.design.experiments.windows import Windows
from seqinterp.errors import InputError
from seqinterp.shapes import Array

_PARTS = ("score", "shuffled", "ablated", "kept")


def necessity_and_sufficiency(
    model: nn.Module,
    inputs: Array,
    sites: pd.DataFrame,
    *,
    target: int | Target = 0,
    draws: int = 20,
    seed: int = 0,
    batch_size: int | None = None,
    device: Device = None,
    progress: bool = False,
) -> NecessitySufficiency:
    """Empty all sites of a motif in each example, and keep nothing but them.

    An example is compared with `draws` dinucleotide shuffles of itself. total = score(example) - mean score(shuffles).
    Necessity = (score(example) - mean score(example with the shuffle's bases at the sites)) / total: the share of what
    the example scores above its shuffles that goes with the sites. Sufficiency = (mean score(shuffle with the
    example's bases at the sites) - mean score(shuffles)) / total: the share that comes with them. All three means are
    over the same shuffles; for a score that adds up positions the two shares are equal. Toneyan & Koo 2024,
    doi:10.1038/s41588-024-01923-3, measure both for tiles of a sequence.

    Args:
        model: any module from `(batch, 4, position)` to outputs; it is given back as it was found.
        inputs: one-hot DNA `(batch, 4, position)`.
        sites: columns example, start, stop (0-based, half-open, in the input), and motif; without it all sites count as
            those of one motif. The tables of hits and seqlets that `discover` gives are such.
        target: which output is scored, by index, or a callable from outputs to `(batch,)`.
        draws: shuffles of each example, 2 or more.
        seed: shuffles follow from it and the example alone.
        batch_size: most rows the model is shown at once.
        device: "cpu", "cuda" ...; None takes a GPU when there is one and says so when there is not.
        progress: show a progress bar.

    Returns:
        `NecessitySufficiency`: a table with a row for each motif and example that has a site of it, and one with a row
        for each motif. Shares of examples whose total is not distinguishable from zero are NaN and do not count.

    Raises:
        ShapeError: the inputs are not one-hot DNA.
        InputError: a column is missing, a row leaves the inputs, an option cannot be used, or no example's score can be
            told from that of its shuffles, so that there is nothing to divide by.
        ModelError: the score is not one finite number per example, also after an edit.
    """
    sequences, score, place = as_dna(model, inputs), Score(model, as_target(target)), choose_device(device)
    table, windows = as_sites(sites, sequences)
    motifs = motif_names(table)
    names = sorted(set(motifs))
    finite_scores(score, sequences, batch_size=batch_size, device=place)
    counts, chosen = _chosen(windows, motifs, names, sequences.shape)
    some = counts.sum(dim=0).nonzero().flatten()  # examples with a site
    parts = [some[first:last] for first, last in stretches(len(some))]
    found: list[list[Mixtures]] = []
    with trying(score, place) as notes, row_limit(batch_size):
        for part in shown(parts, progress):
            rows = sequences[part].to(place, copy=True)
            found.append(mixtures(score, rows, [mask[part] for mask in chosen], draws=draws, seed=seed))
    whole = [Mixtures(*(torch.cat([getattr(f[i], p) for f in found]) for p in _PARTS)) for i in range(len(names))]
    motif, row = counts[:, some].nonzero(as_tuple=True)
    picked = {name: torch.stack([getattr(mixed, name) for mixed in whole])[motif, row] for name in _PARTS}
    refuse_odd_effects(*picked.values())
    if not shares(Mixtures(**picked)).told.any():
        raise InputError(
            "no example with a site has a score that can be told from those of its shuffles, so there is nothing that"
            " sites could be a share of; give examples that the model scores high, or more draws"
        )
    facts = facts_of(score, sequences, notes, seed=seed, place=place)
    labels = tuple(names[number] for number in motif.tolist())
    return NecessitySufficiency(labels, some[row], counts[motif, some[row]], **picked, origin=facts)


def _chosen(windows: Windows, motifs: np.ndarray, names: list[str], shape: torch.Size) -> tuple[Tensor, list[Tensor]]:
    """How many sites each motif has in each example, (motif, batch), and which positions they cover, per motif."""
    counts = torch.zeros(len(names), shape[0], dtype=torch.int64)
    masks = [torch.zeros(shape[0], shape[2], dtype=torch.bool) for _ in names]
    for number, name in enumerate(names):
        for row in np.flatnonzero(motifs == name).tolist():
            example = int(windows.example[row])
            counts[number, example] += 1
            masks[number][example, int(windows.start[row]) : int(windows.stop[row])] = True
    return counts, masks
