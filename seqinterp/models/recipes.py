"""The recipe that suits each network, and the one for filters that start from motifs."""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

from seqinterp.models.settings import TrainSettings

_DEEPER = TrainSettings(epochs=20, learning_rate=1e-3, weight_decay=1e-2)
RECIPES: Mapping[str, TrainSettings] = MappingProxyType(
    {
        "default": TrainSettings(),
        "jund": dataclasses.replace(_DEEPER, strands="mean"),
        "deepbind": dataclasses.replace(_DEEPER, strands="max"),
    }
)


def recipe(network: str, *, started: bool = False) -> TrainSettings:
    """The training settings for a network by name.

    Filters that start from known motifs (`started`) are moved slowly and not for long: few positives then decide
    between motifs and do not bend them. Batches hold three negatives for a positive, and are small: noise in the
    steps keeps a network from learning its positives by heart.
    """
    settings = RECIPES[network]
    if not started:
        return settings
    return dataclasses.replace(
        settings,
        epochs=8,
        batch_size=64,
        positive_fraction=0.25,
        learning_rate=3e-3,
        filter_learning_rate=1e-4,
        weight_decay=1.0,
    )
