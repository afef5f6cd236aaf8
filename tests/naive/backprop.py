"""Guided backprop, deconvnet and the Grad-CAM family, from their formulas: no rule engine, one example at a time."""

import math
from contextlib import contextmanager
from unittest.mock import patch

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn


def _relu_slope(x: Tensor) -> Tensor:
    return (x > 0).to(x)


def _gelu_slope(x: Tensor) -> Tensor:
    normal = torch.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
    return 0.5 * (1 + torch.erf(x / math.sqrt(2))) + x * normal


def _ruled(forward, slope, ignore_forward: bool):
    """`forward` with a backward pass that lets only positive gradients through."""

    class Rule(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.x = x.detach().clone()
            with torch.no_grad():
                return forward(x)

        @staticmethod
        def backward(ctx, gradient):
            positive = torch.where(gradient > 0, gradient, 0.0)
            return positive if ignore_forward else positive * slope(ctx.x)

    return lambda x, **_: Rule.apply(x)


@contextmanager
def _functions_replaced(ignore_forward: bool):
    """The rectifiers of torch that the cases call, with another backward pass."""
    relu = _ruled(lambda x: x * (x > 0), _relu_slope, ignore_forward)
    gelu = _ruled(lambda x: 0.5 * x * (1 + torch.erf(x / math.sqrt(2))), _gelu_slope, ignore_forward)
    with patch.object(F, "relu", relu), patch.object(torch, "relu", relu), patch.object(F, "gelu", gelu):
        yield


def _modified(model: nn.Module, inputs: Tensor, index: int, ignore_forward: bool) -> Tensor:
    result = torch.zeros_like(inputs)
    with _functions_replaced(ignore_forward):
        for example in range(len(inputs)):
            one = inputs[example : example + 1].clone().requires_grad_()
            model(one).reshape(-1)[index].backward()
            result[example] = one.grad[0]
    return result


def guided_backprop(model: nn.Module, inputs: Tensor, index: int = 0) -> Tensor:
    """Springenberg et al. 2015, figure 1b: zero where the gradient or the input of the rectifier is negative."""
    return _modified(model, inputs, index, ignore_forward=False)


def deconvnet(model: nn.Module, inputs: Tensor, index: int = 0) -> Tensor:
    """Zeiler & Fergus 2014: zero where the gradient is negative."""
    return _modified(model, inputs, index, ignore_forward=True)


def zeiler(model: nn.Sequential, inputs: Tensor, unit: int | None) -> Tensor:
    """The procedure of Zeiler & Fergus for conv, relu, pool, conv, relu: unpool, rectify, filter transposed."""
    lower, _, pool, upper, _ = model
    one_d = inputs.ndim == 3
    transposed = F.conv_transpose1d if one_d else F.conv_transpose2d
    unpooled = F.max_unpool1d if one_d else F.max_unpool2d
    pooled = F.max_pool1d if one_d else F.max_pool2d
    result = torch.zeros_like(inputs)
    with torch.no_grad():
        for example in range(len(inputs)):
            low = torch.relu(lower(inputs[example : example + 1]))
            small, switches = pooled(low, pool.kernel_size, pool.stride, return_indices=True)
            maps = torch.relu(upper(small))[0]
            signal = torch.zeros_like(maps)
            for channel in range(len(maps)):
                if unit in (None, channel):
                    strongest = int(maps[channel].argmax())
                    signal[channel].view(-1)[strongest] = maps[channel].view(-1)[strongest]
            signal = transposed(torch.relu(signal)[None], upper.weight, padding=upper.padding)
            signal = unpooled(signal, switches, pool.kernel_size, pool.stride, output_size=low.shape[2:])
            result[example] = transposed(torch.relu(signal), lower.weight, padding=lower.padding)[0]
    return result


# --- Grad-CAM ---------------------------------------------------------------------------------------------------------


def _last_layer(model: nn.Module, one: Tensor) -> str:
    """The last to run of the submodules that give several places for each channel."""
    seen = []

    def look(name):
        def hook(_, __, output):
            if isinstance(output, Tensor) and output.ndim > 2 and math.prod(output.shape[2:]) > 1:
                seen.append(name)

        return hook

    handles = [module.register_forward_hook(look(name)) for name, module in model.named_modules() if name]
    model(one[None])
    for handle in handles:
        handle.remove()
    return seen[-1]


def _activation_and_rest(model: nn.Module, layer: str, one: Tensor, index: int):
    """What a layer gives for one example, and the score as a function of it alone."""
    found = []
    module = dict(model.named_modules())[layer]
    handle = module.register_forward_hook(lambda _, __, output: found.append(output.detach().clone()))
    model(one[None])
    handle.remove()

    def rest(activation: Tensor) -> Tensor:
        handle = module.register_forward_hook(lambda _, __, ___: activation[None].clone())
        score = model(one[None]).reshape(-1)[index]
        handle.remove()
        return score

    return found[0][0], rest


def gradcam_map(model: nn.Module, inputs: Tensor, index: int = 0, layer: str | None = None) -> Tensor:
    """Selvaraju et al. 2017, equations 1 and 2, with central differences for slopes."""
    maps = []
    for one in inputs:
        activation, rest = _activation_and_rest(model, layer or _last_layer(model, one), one, index)
        total = torch.zeros_like(activation[0])
        for channel in range(len(activation)):
            slopes = []
            for place in range(activation[channel].numel()):
                ends = []
                for step in (1e-6, -1e-6):
                    moved = activation.clone()
                    moved[channel].view(-1)[place] += step
                    with torch.no_grad():
                        ends.append(float(rest(moved)))
                slopes.append((ends[0] - ends[1]) / 2e-6)
            total += sum(slopes) / len(slopes) * activation[channel]
        maps.append(torch.where(total > 0, total, 0.0))
    return torch.stack(maps)


def gradcam_plus_plus_map(model: nn.Module, inputs: Tensor, index: int = 0, layer: str | None = None) -> Tensor:
    """Chattopadhay et al. 2018, equations 19 and 7, with the true derivatives of Y = exp(score); divided by Y."""
    maps = []
    for one in inputs:
        activation, rest = _activation_and_rest(model, layer or _last_layer(model, one), one, index)
        leaf = activation.clone().requires_grad_()
        value = torch.exp(rest(leaf))
        (once,) = torch.autograd.grad(value, leaf, create_graph=True)
        total = torch.zeros_like(activation[0])
        for channel in range(len(activation)):
            weight = 0.0
            for place in range(activation[channel].numel()):
                first = once[channel].reshape(-1)[place]
                if first.item() <= 0:  # relu(first) is 0
                    continue
                (twice,) = torch.autograd.grad(first, leaf, create_graph=True)
                second = twice[channel].reshape(-1)[place]
                (thrice,) = torch.autograd.grad(second, leaf, retain_graph=True)
                third = thrice[channel].reshape(-1)[place].item()
                below = 2 * second.item() + activation[channel].sum().item() * third
                weight += second.item() / below * first.item()
            total += weight * activation[channel]
        maps.append(torch.where(total > 0, total, 0.0) / value.detach())
    return torch.stack(maps)


def on_inputs(maps: Tensor, inputs: Tensor) -> Tensor:
    """Linear interpolation between the middles of the places, an axis after the other; the same on every channel."""
    values = maps.numpy()
    for axis, wanted in enumerate(inputs.shape[2:], start=1):
        count = values.shape[axis]
        middles = (np.arange(wanted) + 0.5) * count / wanted - 0.5
        values = np.apply_along_axis(lambda line, n=count, at=middles: np.interp(at, np.arange(n), line), axis, values)
    return torch.from_numpy(values).unsqueeze(1).expand(inputs.shape)


def gradcam(model: nn.Module, inputs: Tensor, index: int = 0, layer: str | None = None) -> Tensor:
    """The map of Grad-CAM at the places of the inputs."""
    return on_inputs(gradcam_map(model, inputs, index, layer), inputs)


def gradcam_plus_plus(model: nn.Module, inputs: Tensor, index: int = 0, layer: str | None = None) -> Tensor:
    """The map of Grad-CAM++ at the places of the inputs."""
    return on_inputs(gradcam_plus_plus_map(model, inputs, index, layer), inputs)
