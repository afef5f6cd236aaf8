"""What `influence` by a fitted last layer works with: the numbers that stand for examples, and for windows of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from seqinterp.api.shared.representations import latent_layer, representations, spread_of
from seqinterp.attribution.rows import out_of_memory
from seqinterp.cases.below import BelowLayer
from seqinterp.cases.losses import Task
from seqinterp.cases.nearest import nearest_cases
from seqinterp.cases.window_features import window_features
from seqinterp.errors import InputError, ModelError, ShapeError
from seqinterp.shapes import Inputs, TrainingInputs

NEAREST = 5


@dataclass(frozen=True, eq=False)
class Taught:
    """What was predicted, and what the model was trained on."""

    model: nn.Module
    inputs: Inputs
    training: TrainingInputs
    labels: Any
    task: Task
    target: Any
    place: torch.device


@dataclass(frozen=True, eq=False)
class Latent:
    """What a layer reads of the training examples and of those asked about, every number over its deviation.

    learned, asked: as the head sees them, along the directions in which training examples lie where these are fewer
        than the numbers. quantity: what the head's weights are multiplied with: the same as `asked`, or contributions.
    """

    layer: str
    learned: Tensor
    asked: Tensor
    quantity: Tensor
    window: Mapping[str, Any] | None
    nearest: Tensor
    distances: Tensor


def latent_of(taught: Taught, layer: str | None, start: Any, stop: Any, steps: int | None) -> Latent:
    """What stands for the examples; the window is looked at before any work starts."""
    if (start is None) != (stop is None):
        raise InputError("start and stop ask of a window of positions together; give both or neither")
    places = None if start is None else _windows(taught.inputs, start, stop, steps)
    name = latent_layer(taught.model, taught.inputs, taught.place, layer)
    asked, learned, scale = standard_of(taught, name)
    near, window, quantity = near_of(asked, learned), None, asked
    if places is not None:
        quantity = _contributions(taught, name, places, steps) / scale
        window = {"start": places[:, 0].tolist(), "stop": places[:, 1].tolist(), "steps": steps}
    if learned.shape[1] > len(learned):
        # the weights that minimise a penalised loss lie in the span of the examples: nothing is lost, and a Hessian of
        # as many weights as examples is enough
        directions = torch.linalg.svd(learned, full_matrices=False)[2].T
        asked, learned, quantity = asked @ directions, learned @ directions, quantity @ directions
    return Latent(name, learned, asked, quantity, window, *near)


def standard_of(taught: Taught, layer: str) -> tuple[Tensor, Tensor, Tensor]:
    """Examples asked about and training examples, and the deviations they were divided by."""
    asked = representations(taught.model, taught.inputs, taught.place, layer=layer)
    learned = representations(taught.model, taught.training, taught.place, layer=layer)
    centre, scale = spread_of(learned)
    return (asked - centre) / scale, (learned - centre) / scale, scale


def near_of(asked: Tensor, learned: Tensor) -> tuple[Tensor, Tensor]:
    """The nearest training examples of each, and how far they are, `(batch, nearest)`."""
    found = nearest_cases(asked, learned, count=min(NEAREST, len(learned)))
    return found.examples, found.distances


def _windows(inputs: Inputs, start: Any, stop: Any, steps: int | None) -> np.ndarray:
    """Start and stop of each input, `(batch, 2)`."""
    if inputs.ndim != 3:
        raise ShapeError(f"start and stop are positions of (batch, 4, position), not of inputs {tuple(inputs.shape)}")
    if steps is not None and (isinstance(steps, bool) or not isinstance(steps, int) or steps < 1):
        raise InputError(f"steps must be 1 or more, a whole number, or None for gradient times input, not {steps!r}")
    try:
        given = [np.broadcast_to(np.asarray(side), len(inputs)) for side in (start, stop)]
    except ValueError as error:
        raise ShapeError(
            f"start and stop must be a number each, or one for each of the {len(inputs)} inputs"
        ) from error
    if any(side.dtype.kind not in "iu" for side in given):
        raise InputError("start and stop must be whole numbers, 0-based and half-open")
    places: np.ndarray = np.stack(given, axis=1).astype(np.int64)
    wrong = (places[:, 0] < 0) | (places[:, 0] >= places[:, 1]) | (places[:, 1] > inputs.shape[2])
    if wrong.any():
        low, high = places[int(wrong.argmax())].tolist()
        raise InputError(
            f"window [{low}, {high}) is empty or leaves the inputs, which have {inputs.shape[2]} positions"
        )
    return places


def _contributions(taught: Taught, layer: str, places: np.ndarray, steps: int | None) -> Tensor:
    """What each input's window contributes to each number that the layer reads, `(batch, numbers)`."""
    below = BelowLayer(taught.model, layer)
    parts: dict[int, Tensor] = {}
    for low, high in np.unique(places, axis=0).tolist():
        rows = np.flatnonzero((places == (low, high)).all(axis=1))
        shown = taught.inputs[torch.from_numpy(rows)]
        try:
            found = window_features(below, shown, low, high, steps=steps, device=taught.place)
        except RuntimeError as error:
            if out_of_memory(error):
                raise
            raise ModelError(
                f"what layer {layer!r} reads cannot be differentiated by the inputs and again, as a window asks for"
                f" ({str(error).splitlines()[0]}); ask of the score, or name an earlier layer with layer="
            ) from error
        parts.update(zip(rows.tolist(), found.double(), strict=True))
    return torch.stack([parts[row] for row in range(len(places))])
