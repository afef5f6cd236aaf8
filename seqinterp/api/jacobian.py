"""`jacobian`: the gradient of every output at once."""

from functools import partial

from torch import nn

from seqinterp.api.shared.inputs import as_inputs
from seqinterp.attribution import jacobian as method
from seqinterp.attribution.run import Device, batched
from seqinterp.shapes import Array, Jacobians


def jacobian(
    model: nn.Module, inputs: Array, *, batch_size: int | None = None, device: Device = None, progress: bool = False
) -> Jacobians:
    """Gradient of each output with respect to each feature of its own example (Simonyan et al. 2014).

    Args:
        model: any module from `(batch, *features)` to outputs; it is given back as it was found.
        inputs: `(batch, *features)`, a tensor or an array.
        batch_size, device, progress: as for `attribute`.

    Returns:
        `(batch, outputs, *features)`, outputs flattened after the batch axis; `saliency_map` makes a map of it.

    Raises:
        InputError: inputs that cannot be used.
        ModelError: the outputs cannot be differentiated.
    """
    checked = as_inputs(model, inputs)
    explainer = partial(method.jacobian, model)
    return batched(explainer, model, checked, batch_size=batch_size, device=device, progress=progress)
