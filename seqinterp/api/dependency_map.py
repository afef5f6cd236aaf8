"""`dependency_map`: which positions need one another?"""

from functools import partial
from typing import Any

from torch import nn

from seqinterp.api.catalogue import find_method
from seqinterp.api.shared.bind import bind
from seqinterp.api.shared.inputs import as_dna
from seqinterp.attribution import dependency_map as maps
from seqinterp.attribution.protocol import Score, Target
from seqinterp.attribution.run import Device, batched
from seqinterp.attribution.targets import as_target
from seqinterp.shapes import Array, Dependencies


def dependency_map(
    model: nn.Module,
    inputs: Array,
    method: str = "gradient_times_input",
    *,
    target: int | Target = 0,
    batch_size: int | None = None,
    device: Device = None,
    seed: int = 0,
    progress: bool = False,
    **options: Any,
) -> Dependencies:
    """How much an edit at one position changes what another position contributes, `(batch, position, position)`.

    Args:
        model: any module from `(batch, 4, position)` to outputs; it is given back as it was found.
        inputs: one-hot DNA.
        method: the attributions that are compared before and after each edit, a name as for `attribute`.
        target, batch_size, device, seed, progress, options: as for `attribute`.

    Returns:
        Rows are edited positions, columns what changes there: the largest change over the three other bases.

    Raises:
        ShapeError: the inputs are not one-hot DNA.
        InputError, ModelError: as `attribute`.
    """
    sequences = as_dna(model, inputs)
    bound = bind(method, find_method(method), sequences, options, seed)
    score = Score(model, as_target(target))
    explainer = partial(maps.dependency_map, bound.explainer, score)
    return batched(explainer, score, sequences, batch_size=batch_size, device=device, progress=progress)
