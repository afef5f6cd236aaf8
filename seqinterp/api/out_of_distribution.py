"""`out_of_distribution`: are these inputs like those that the model knows?"""

from typing import Any

import numpy as np
import pandas as pd
from torch import nn

from seqinterp.api.results.strangers import Strangers
from seqinterp.api.shared.inputs import as_inputs
from seqinterp.api.shared.representations import latent_layer, representations
from seqinterp.attribution.dna import is_dna
from seqinterp.attribution.run import Device, choose_device
from seqinterp.errors import ShapeError
from seqinterp.shapes import Array
from seqinterp.uncertainty.out_of_distribution import Strangeness, latent_strangeness, sequence_strangeness
from seqinterp.uncertainty.shift import distribution_shift


def out_of_distribution(
    model: nn.Module,
    inputs: Array,
    natural: Array,
    *,
    level: float = 0.05,
    layer: str | None = None,
    seed: int = 0,
    device: Device = None,
) -> Strangers:
    """Hold inputs against examples that the model knows: by their words, and by what a layer of it reads.

    Args:
        model: any module; given back as it was found.
        inputs: `(batch, *features)`.
        natural: at least 20 examples of what the model was trained on, better ones that it was not trained on.
        level: p-values below it are flagged, corrected for the two questions that are asked of an input.
        layer: the layer whose inputs are compared, by name; None takes the last one. Several heads need one named.
        seed: of the halves into which the reference is split, one to learn what is usual and one to rank among.
        device: "cpu", "cuda" ...; None takes a GPU when there is one and says so when there is not.

    Returns:
        `Strangers`: a table with one row per input, and a test of all inputs together.

    Raises:
        ShapeError: inputs and reference differ in shape.
        InputError: fewer than 20 reference examples, or no layer of that name.
        ModelError: the model cannot be copied, or has no one last layer that reads one row per example.
    """
    new, known = as_inputs(model, inputs), as_inputs(model, natural)
    if new.shape[1:] != known.shape[1:]:
        raise ShapeError(
            f"inputs have features {tuple(new.shape[1:])} but the reference {tuple(known.shape[1:])}; crop them to"
            " one length"
        )
    place = choose_device(device)
    name = latent_layer(model, new, place, layer)
    features, usual = (representations(model, rows, place, layer=name).numpy() for rows in (new, known))
    latent = latent_strangeness(features, usual, seed=seed)
    words = sequence_strangeness(new, known, seed=seed) if is_dna(new) and is_dna(known) else None
    shift = distribution_shift(usual, features, seed=seed) if len(new) > 1 else None
    return Strangers(_table(latent, words), level, shift)


def _table(latent: Strangeness, words: Strangeness | None) -> pd.DataFrame:
    """One row per input; a p-value for both questions is twice the smaller one."""
    columns: dict[str, Any] = {"latent_distance": latent.score, "latent_p_value": latent.p_value}
    smallest = latent.p_value
    if words is not None:
        columns |= {"log_likelihood": words.score, "sequence_p_value": words.p_value}
        smallest = np.minimum(1.0, 2 * np.minimum(latent.p_value, words.p_value))
    return pd.DataFrame({**columns, "p_value": smallest})
