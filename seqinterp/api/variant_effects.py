"""`variant_effects`: what would these variants do to the score?"""

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from seqinterp.api.edit_effects import shown
from seqinterp.api.shared.inputs import as_dna
from seqinterp.api.shared.score import refuse_odd_scores
from seqinterp.attribution.protocol import Score, Target
from seqinterp.attribution.run import Device, batched, borrowed, choose_device
from seqinterp.attribution.targets import as_target
from seqinterp.errors import InputError
from seqinterp.mutagenesis import effects as door
from seqinterp.mutagenesis.edits import between
from seqinterp.mutagenesis.variants import check_length, read_variants, windows
from seqinterp.sequence.onehot import decode, one_hot
from seqinterp.shapes import Array

VARIANTS = 256  # windows held at once
NEW_COLUMNS = ("reference_score", "alternative_score", "effect", "padded")


def variant_effects(
    model: nn.Module,
    sequences: Mapping[Any, str] | Iterable[str] | Array,
    variants: pd.DataFrame,
    *,
    target: int | Target = 0,
    length: int | None = None,
    keep: str = "start",
    device: Device = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Score each variant with its reference and its alternative allele, in windows that the model reads.

    Args:
        model: any module from `(batch, 4, position)` to outputs; it is given back as it was found.
        sequences: name -> sequence (a genome, or any sequences), or a list of strings or one-hot inputs, which are
            named 0, 1, 2 ...
        variants: columns `chromosome` (the name of a sequence; not needed where there is one), `position` (0-based:
            that of VCF less 1), `reference` and `alternative`, bases, several or none; an insertion or deletion may
            be written as in VCF, with the base before it, or with an empty allele. Other columns are kept.
        target: which output is scored, by index, or a callable from outputs to `(batch,)`.
        length: what the model reads; windows of that length are centred on each variant. None where the sequences
            are the model's inputs themselves.
        keep: where the alleles differ in length, the end of the window that stays in place. "start": bases after the
            variant move and those beyond the window come in, or fall off, at its end; "stop": the same at its start.
        device: "cpu", "cuda" ...; None takes a GPU when there is one and says so when there is not.
        progress: show a progress bar.

    Returns:
        The table with the columns `reference_score`, `alternative_score`, `effect` (their difference) and `padded`: how
        many positions of a window lie off the sequence and are N.

    Raises:
        InputError: a column is missing or odd, a row leaves its sequence, or its reference allele is not there.
        AlphabetError: a sequence is not DNA.
        ModelError: the score is not one finite number per window.
    """
    named = by_name(model, sequences)
    check_length(named, length)
    taken = [name for name in NEW_COLUMNS if name in variants.columns]
    if taken:
        raise InputError(f"the table of variants has a column {taken[0]}, which is made here; rename or drop it")
    rows = read_variants(variants, named)
    score, place = Score(model, as_target(target)), choose_device(device)
    before, effects, padded = [np.zeros(0)], [np.zeros(0)], [np.zeros(0, dtype=np.int64)]
    parts = [rows[i : i + VARIANTS] for i in range(0, len(rows), VARIANTS)]
    for part in shown(parts, progress):
        references, alternatives, over = windows(part, named, length, keep)
        labels = [str(variant) for variant in part]
        first, second = one_hot(references, names=labels), one_hot(alternatives, names=labels)
        scores, change = _compared(score, as_dna(model, first), as_dna(model, second), place)
        before.append(scores)
        effects.append(change)
        padded.append(over)
    reference, effect = np.concatenate(before), np.concatenate(effects)
    columns = (reference, reference + effect, effect, np.concatenate(padded))
    return variants.assign(**dict(zip(NEW_COLUMNS, columns, strict=True)))


def _compared(score: Score, first: Tensor, second: Tensor, place: torch.device) -> tuple[np.ndarray, np.ndarray]:
    """The scores of the first windows, and what turning them into the second does."""
    edits = between(first, second, torch.arange(len(first)))
    with torch.no_grad():
        before = batched(score, score, first, device=place)
    refuse_odd_scores(before, len(first))
    with torch.inference_mode(False), torch.no_grad(), borrowed(score, place):
        effects = door.effects(score, first.to(place), edits).cpu().to(before.dtype)
    refuse_odd_scores(effects, len(first))
    return before.double().numpy(), effects.double().numpy()


def by_name(model: nn.Module, sequences: object) -> Mapping[Hashable, str]:
    """The sequences by name.

    Raises:
        InputError: there are none, or they are no strings.
    """
    if isinstance(sequences, Mapping):
        named = dict(sequences)
    elif isinstance(sequences, Tensor | np.ndarray) and sequences.ndim > 1:
        named = dict(enumerate(decode(as_dna(model, sequences))))
    elif isinstance(sequences, str):
        named = {0: sequences}
    elif isinstance(sequences, Iterable):
        named = dict(enumerate(sequences))
    else:
        raise InputError(f"sequences must be strings by name, a list of them, or one-hot, not {sequences!r}")
    if not named:
        raise InputError("there are no sequences; give at least one")
    for name, sequence in named.items():
        if not isinstance(sequence, str):
            raise InputError(f"sequence {name!r} must be a string of bases, not a {type(sequence).__name__}")
    return named
