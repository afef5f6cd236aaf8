"""`filter_motifs`: which motifs do the first-layer filters look for, and what are they called?"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from seqinterp.api.results.motifs import Motifs
from seqinterp.api.shared.inputs import as_dna
from seqinterp.api.shared.score import refuse_odd_scores
from seqinterp.attribution.protocol import Score, Target
from seqinterp.attribution.run import borrowed
from seqinterp.attribution.targets import as_target
from seqinterp.io.bundled import bundled
from seqinterp.io.motif_files import read_motifs
from seqinterp.motifs.compare import best_matches
from seqinterp.motifs.from_filters import FilterCounts, count_activations, first_convolutions
from seqinterp.motifs.importance import filter_importance
from seqinterp.motifs.motif import Motif
from seqinterp.shapes import Array

SAMPLE = 1024  # sequences that the importance of filters is averaged over


def filter_motifs(
    model: nn.Module,
    inputs: Array,
    *,
    database: Path | str | Sequence[Motif] | None = None,
    layer: str | None = None,
    target: int | Target = 0,
    threshold: float = 0.05,
) -> Motifs:
    """Read every first-layer filter as a motif: the PFM of what activates it, its weights as a PSSM, and a name.

    Args:
        model: a module with at least one `Conv1d` of four input channels.
        inputs: one-hot DNA `(batch, 4, position)` whose windows are counted.
        database: a MEME, JASPAR or TRANSFAC file, or motifs; None takes the small selection of JASPAR that
            comes with the package (q-values are over that selection).
        layer: the name of one convolution; None reads all that take four channels.
        target: the output whose score the filters' `importance` is the spread of a share of.
        threshold: largest q-value (Tomtom, Benjamini-Hochberg over the database) that is called a match.

    Returns:
        `Motifs`, one per filter, the most important first, with `pfm`, `pwm`, `pssm`, `information_content`,
        `importance`, `hits`, and `match`, which is None where nothing in the database is similar enough.

    Raises:
        ModelError: no convolution of the model reads DNA.
        ShapeError: the inputs are not one-hot DNA, or shorter than the filters.
        FileError: the database cannot be read.
    """
    if database is None:
        database = bundled("jaspar_subset.meme")
    known = read_motifs(database) if isinstance(database, str | Path) else list(database)
    sequences = as_dna(model, inputs)
    score = Score(model, as_target(target))
    sample = sequences[torch.linspace(0, len(sequences) - 1, min(SAMPLE, len(sequences))).round().long()]
    with borrowed(score, torch.device("cpu")), torch.no_grad():
        refuse_odd_scores(score(sample.clone()), len(sample))
        convolutions = first_convolutions(model, sample[:2].clone(), layer=layer)
        importance = filter_importance(score, convolutions, sample)
    found = count_activations(convolutions, sequences)
    motifs = [_as_motif(each, model, float(importance[each.layer][each.index])) for each in found]
    motifs.sort(key=lambda motif: -(motif.importance or 0.0))
    matches = best_matches(motifs, known, threshold=threshold)
    named = [replace(motif, match=match) for motif, match in zip(motifs, matches, strict=True)]
    source = Path(database).name if isinstance(database, str | Path) else "the motifs given"
    return Motifs(named, database=source, database_size=len(known))


def _as_motif(found: FilterCounts, model: nn.Module, importance: float) -> Motif:
    """One filter as a motif, with the name of the matrix it was started from, where its network recorded one."""
    silent = found.windows == 0
    parent = model.get_submodule(found.layer.rpartition(".")[0]) if "." in found.layer else model
    started = getattr(getattr(parent, "settings", None), "started_from", ())
    return Motif(
        name=f"{found.layer}_{found.index}",
        # a filter that nothing activates gets a flat motif, without information
        pfm=np.full_like(found.pfm, 0.25) if silent else found.pfm,
        hits=found.windows,
        weights=found.weights,
        started_from=started[found.index] if started else None,
        importance=importance,
    )
