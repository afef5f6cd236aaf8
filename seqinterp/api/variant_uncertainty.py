"""`variant_uncertainty`: how far would the effect of a variant move had the model come out otherwise?"""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
import torch

from seqinterp.api.results.repeated import differs_from_zero, reach, same_sign
from seqinterp.api.shared.inputs import as_inputs
from seqinterp.api.shared.progress import spoken
from seqinterp.api.shared.repeats import alternatives, models_of
from seqinterp.api.variant_effects import NEW_COLUMNS, by_name, variant_effects
from seqinterp.attribution.protocol import Target
from seqinterp.attribution.run import Device, choose_device
from seqinterp.errors import InputError
from seqinterp.mutagenesis.variants import check_length
from seqinterp.sequence.onehot import one_hot
from seqinterp.shapes import Array

SPREAD = ("deviation", "low", "high", "same_sign", "q_value")


def variant_uncertainty(
    model: Any,
    sequences: Mapping[Any, str] | Iterable[str] | Array,
    variants: pd.DataFrame,
    *,
    target: int | Target = 0,
    length: int | None = None,
    keep: str = "start",
    draws: int = 20,
    seed: int = 0,
    device: Device = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Score each variant with every model there is, and say what stays.

    Args:
        model: several modules that might have been one another, an `Ensemble`, or one module with dropout layers, of
            which `draws` networks are thinned: both alleles are read by the same thinned network.
        sequences, variants, target, length, keep: as for `variant_effects`.
        draws: thinned networks; of several models each is asked once.
        seed: of the masks.
        device: "cpu", "cuda" ...; None takes a GPU when there is one and says so when there is not.
        progress: say on the terminal what is being done.

    Returns:
        The table of `variant_effects`, its scores and effects being means over the models, with the columns `deviation`
        (standard deviation of the effect, n - 1), `low` and `high` (what one more model would say with 95 %
        confidence, Student's t), `same_sign` (the share of models that give the effect the sign of the mean) and
        `q_value` (false discovery rate of calling the mean effect other than 0: t-test over models, Benjamini and
        Hochberg over the variants). Repeats tell what the model cannot know, not whether its kind of network is right.

    Raises:
        InputError: one model without dropout, fewer than 3 repeats, and what `variant_effects` refuses.
        ModelError: a dropout layer reads what examples cannot be told apart in.
    """
    first = models_of(model)[0]
    named = by_name(first, sequences)
    check_length(named, length)
    window = one_hot("N" * (length or len(next(iter(named.values())))))  # any that is as long as those that are read
    _, models = alternatives(model, as_inputs(first, window), draws=draws, seed=seed)
    taken = [name for name in SPREAD if name in variants.columns]
    if taken:
        raise InputError(f"the table of variants has a column {taken[0]}, which is made here; rename or drop it")
    place = choose_device(device)
    tables = []
    with spoken("scoring variants", progress) as say:
        for number, one in enumerate(models):
            say(f"model {number + 1} of {len(models)}")
            tables.append(variant_effects(one, named, variants, target=target, length=length, keep=keep, device=place))
    return _joined(tables)


def _joined(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Means over the tables, and how far their effects differ."""
    means = {name: sum(table[name] for table in tables) / len(tables) for name in NEW_COLUMNS[:3]}
    effects = torch.tensor([table["effect"].tolist() for table in tables], dtype=torch.float64)
    mean, deviation = effects.mean(dim=0), effects.std(dim=0)
    half = reach(deviation, len(tables))
    found = dict(
        zip(SPREAD, (deviation, mean - half, mean + half, same_sign(effects), differs_from_zero(effects)), strict=True)
    )
    return tables[0].assign(**means, **{name: values.numpy() for name, values in found.items()})
