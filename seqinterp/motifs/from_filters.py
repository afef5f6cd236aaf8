"""First-layer filters read as motifs, two ways: the filter as a PSSM, and the PFM of what activates it.

A filter's output is the PSSM scan of its weights (Alipanahi et al. 2015, doi:10.1038/nbt.3300). The PFM counts
the bases of every window whose activation is above half of the filter's largest (Kelley et al. 2016,
doi:10.1101/gr.200535.115), counted from its mean where that is positive: a filter that is always on has a motif, too.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import conv1d

from seqinterp.errors import ModelError, ShapeError
from seqinterp.shapes import Pwm, Sequences

EXAMPLES = 2048  # sequences scanned together: bounds memory at a few hundred MB


@dataclass(frozen=True)
class FilterCounts:
    """What one filter looks like and what activates it.

    weights: `(4, width)`, the filter as a PSSM; its scan plus `bias` is the filter's output.
    pfm: `(4, width)`, base counts of the activating windows; all zero when the filter is never active.
    windows, sequences: how many windows and how many different sequences activate it.
    """

    layer: str
    index: int
    weights: Pwm
    bias: float
    pfm: Pwm
    windows: int
    sequences: int


def first_convolutions(model: nn.Module, inputs: Sequences, *, layer: str | None = None) -> dict[str, nn.Conv1d]:
    """The convolutions that read DNA, by name: every `Conv1d` that is given bases when `model` reads `inputs`.

    What a layer is given counts, not its number of channels: a second layer of four channels reads activations. Windows
    are read at every position, whatever the stride.

    Raises:
        ModelError: there is none (or not the one called `layer`), or it is grouped or dilated so that its filters
            are not plain PWMs.
    """
    found = {name: module for name, module in _given_bases(model, inputs).items() if layer in (None, name)}
    if not found:
        convolutions = [name for name, module in model.named_modules() if isinstance(module, nn.Conv1d)]
        raise ModelError(
            f"no Conv1d {f'called {layer!r} ' if layer else ''}reads the bases themselves, so there are no filters to"
            f" read as PWMs; the model's Conv1d layers are {convolutions or 'none'}"
        )
    for name, module in found.items():
        if module.groups != 1 or module.dilation != (1,):
            raise ModelError(
                f"layer {name!r} has groups={module.groups} and dilation={module.dilation[0]}; only an ungrouped,"
                " undilated convolution reads as PWMs"
            )
    return found


def _given_bases(model: nn.Module, inputs: Sequences) -> dict[str, nn.Conv1d]:
    """The convolutions whose input, in one pass, is bases or mixtures of bases; no hook stays on the model."""
    given: dict[str, nn.Conv1d] = {}

    def look(name: str) -> Callable[[nn.Module, tuple[Any, ...]], None]:
        def hook(module: nn.Module, arguments: tuple[Any, ...]) -> None:
            columns = arguments[0]
            if bool((columns >= 0).all()) and bool((columns.sum(dim=1) <= 1 + 1e-4).all()):
                given[name] = cast("nn.Conv1d", module)

        return hook

    candidates = [(n, m) for n, m in model.named_modules() if isinstance(m, nn.Conv1d) and m.in_channels == 4]
    handles = [module.register_forward_pre_hook(look(name)) for name, module in candidates]
    try:
        with torch.no_grad():
            model(inputs)
    finally:
        for handle in handles:
            handle.remove()
    return given


def scan(weights: Tensor, inputs: Sequences) -> Tensor:
    """PSSM score of every full window, `(batch, filters, windows)`, for `weights` `(filters, 4, width)`."""
    return conv1d(inputs, weights)


def count_activations(convolutions: Mapping[str, nn.Conv1d], inputs: Sequences) -> list[FilterCounts]:
    """Read every filter of `convolutions` as a PSSM and as the PFM of what activates it in `inputs`.

    Raises:
        ShapeError: `inputs` are not `(batch, 4, position)` or shorter than a filter.
    """
    if inputs.ndim != 3 or inputs.shape[1] != 4:
        raise ShapeError(f"filters scan one-hot DNA of shape (batch, 4, position), not {tuple(inputs.shape)}")
    return [found for name, module in convolutions.items() for found in _count_one_layer(name, module, inputs)]


def _count_one_layer(name: str, module: nn.Conv1d, inputs: Sequences) -> list[FilterCounts]:
    """Count what activates each filter of one convolution, in two passes: the largest activation, then the windows."""
    weights = module.weight.detach().to("cpu", inputs.dtype)
    bias = torch.zeros(len(weights), dtype=inputs.dtype) if module.bias is None else module.bias.detach().to(weights)
    width = weights.shape[2]
    if inputs.shape[2] < width:
        raise ShapeError(f"layer {name!r} has filters {width} wide, but the sequences are {inputs.shape[2]} long")
    largest, mean = _largest_and_mean(weights, inputs)
    threshold = (largest + bias + (mean + bias).clamp_min(0)) / 2
    pfm = torch.zeros(len(weights), 4, width, dtype=torch.float64)
    windows, sequences = torch.zeros(2, len(weights), dtype=torch.long)
    for part in inputs.split(EXAMPLES):
        activation = scan(weights, part) + bias[:, None]
        active = (activation > threshold[:, None]) & (activation > 0)  # (batch, filter, window)
        windows += active.sum(dim=(0, 2))
        sequences += active.any(dim=2).sum(dim=0)
        for column in range(width):
            bases = part[:, :, column : column + active.shape[2]]
            pfm[:, :, column] += torch.einsum("nfp,nbp->fb", active.to(part.dtype), bases).double()
    return [
        FilterCounts(name, i, _array(weights[i]), float(bias[i]), pfm[i].numpy(), int(windows[i]), int(sequences[i]))
        for i in range(len(weights))
    ]


def _largest_and_mean(weights: Tensor, inputs: Sequences) -> tuple[Tensor, Tensor]:
    """Largest and mean scan of each filter over all windows, `(filters,)` each."""
    largest = torch.full((len(weights),), -torch.inf, dtype=weights.dtype)
    total = torch.zeros(len(weights), dtype=torch.float64)
    for part in inputs.split(EXAMPLES):
        found = scan(weights, part)
        largest = torch.maximum(largest, found.amax(dim=(0, 2)))
        total += found.sum(dim=(0, 2), dtype=torch.float64)
    windows = len(inputs) * (inputs.shape[2] - weights.shape[2] + 1)
    return largest, (total / windows).to(weights.dtype)


def _array(tensor: Tensor) -> Pwm:
    """The same numbers for numpy, in double precision."""
    return np.asarray(tensor.double().numpy())
