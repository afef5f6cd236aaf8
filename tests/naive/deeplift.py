"""The rescale rule on a stack of layers, with every layer written out as a matrix or as one secant per number.

Shrikumar et al. 2017, arXiv:1704.02685: equation 5 (linear rule) and 6 (rescale rule), chained by equation 3.
"""

import torch
from torch import Tensor, nn

CURVES = (nn.ReLU, nn.GELU, nn.Tanh, nn.Sigmoid)
NOTHING = (nn.Dropout, nn.Identity)


def deeplift(model: nn.Module, inputs: Tensor, index: int = 0) -> Tensor | None:
    """Contributions against zeros; None for a model that is not a stack of layers."""
    if not isinstance(model, nn.Sequential):
        return None
    return torch.stack([_one(model, one, torch.zeros_like(one), index) for one in inputs.contiguous()])


def _one(model: nn.Sequential, one: Tensor, start: Tensor, index: int) -> Tensor:
    """Contributions to output `index` for one example: the chain rule of multipliers, from the last layer back."""
    pairs = [(one, start)]
    with torch.no_grad():
        for layer in model:
            pairs.append(tuple(layer(end[None])[0] for end in pairs[-1]))
    multipliers = torch.zeros_like(pairs[-1][0])
    multipliers.view(-1)[index] = 1
    for layer, (here, there), (out, out_there) in reversed(list(zip(model, pairs[:-1], pairs[1:], strict=True))):
        multipliers = _back(layer, multipliers, here, there, out - out_there)
    return multipliers * (one - start)


def _back(layer: nn.Module, multipliers: Tensor, here: Tensor, there: Tensor, change: Tensor) -> Tensor:
    if isinstance(layer, NOTHING):
        return multipliers
    if isinstance(layer, CURVES):
        result = torch.zeros_like(multipliers)
        for place in range(here.numel()):
            step = float(here.view(-1)[place] - there.view(-1)[place])
            slope = float(change.view(-1)[place]) / step if step else 0.0
            result.view(-1)[place] = float(multipliers.view(-1)[place]) * slope
        return result
    matrix = torch.stack([_column(layer, here, place) for place in range(here.numel())], dim=1)
    return (matrix.T @ multipliers.reshape(-1)).reshape(here.shape)


def _column(layer: nn.Module, like: Tensor, place: int) -> Tensor:
    """What one number of the operand adds to the outputs of an affine layer."""
    unit = torch.zeros_like(like)
    unit.view(-1)[place] = 1
    with torch.no_grad():
        return (layer(unit[None]) - layer(torch.zeros_like(unit)[None])).reshape(-1)
