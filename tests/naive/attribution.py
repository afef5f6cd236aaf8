"""Attribution and mutagenesis, one number at a time."""

import torch
from torch import Tensor, nn


def score_of(model: nn.Module, one: Tensor, index: int) -> float:
    """Output `index` for a single example."""
    with torch.no_grad():
        return float(model(one[None]).reshape(-1)[index])


def gradient(model: nn.Module, inputs: Tensor, index: int = 0, step: float = 1e-6) -> Tensor:
    """Central differences."""
    result = torch.zeros(inputs.shape, dtype=inputs.dtype)
    for example in range(len(inputs)):
        for place in range(inputs[0].numel()):
            nudge = torch.zeros(inputs[example].numel(), dtype=inputs.dtype)
            nudge[place] = step
            nudge = nudge.reshape(inputs[example].shape)
            up, down = inputs[example] + nudge, inputs[example] - nudge
            rise = score_of(model, up, index) - score_of(model, down, index)
            result[example].view(-1)[place] = rise / (2 * step)
    return result


def gradient_times_input(model: nn.Module, inputs: Tensor, index: int = 0) -> Tensor:
    """Shrikumar et al. 2016, equation 1."""
    return gradient(model, inputs, index) * inputs


def effects(model: nn.Module, inputs: Tensor, index: int = 0) -> Tensor:
    """Every edit, one forward pass each."""
    result = torch.zeros_like(inputs)
    for example, one in enumerate(inputs):
        before = score_of(model, one, index)
        for position in range(inputs.shape[2]):
            for base in range(4):
                changed = one.clone()
                changed[:, position] = 0
                changed[base, position] = 1
                if not torch.equal(changed, one):
                    result[example, base, position] = score_of(model, changed, index) - before
    return result


def mutagenesis(model: nn.Module, inputs: Tensor, index: int = 0) -> Tensor:
    """The base that is there against the mean of the four."""
    every = effects(model, inputs, index)
    result = torch.zeros_like(inputs)
    for example in range(len(inputs)):
        for position in range(inputs.shape[2]):
            mean = sum(every[example, base, position] for base in range(4)) / 4
            for base in range(4):
                present = inputs[example, base, position]
                result[example, base, position] = (every[example, base, position] - mean) * present
    return result
