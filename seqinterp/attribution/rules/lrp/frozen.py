"""Normalisations with their statistics held fixed: then they are linear in what they normalise, but for a shift.

The rule for LayerNorm of Ali et al. 2022 (arXiv:2202.07304) and AttnLRP (Achtibat et al. 2024, arXiv:2402.05602).
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from seqinterp.attribution.rules.call import Call

# (what the statistics are taken of, what is normalised with them) -> the output
Frozen = Callable[[Tensor, Tensor], Tensor]


def _layer_norm(
    seen: Tensor,
    values: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    *_: Any,
) -> Tensor:
    axes = tuple(range(-len(normalized_shape), 0))
    return _weighed(_standardised(seen, values, axes, eps), weight, bias)


def _group_norm(
    seen: Tensor,
    values: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    *_: Any,
) -> Tensor:
    seen, flat = (part.reshape(len(part), num_groups, -1) for part in (seen, values))
    return _weighed(_standardised(seen, flat, (-1,), eps).view_as(values), *_per_channel(values, weight, bias))


def _instance_norm(
    seen: Tensor,
    values: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    if not use_input_stats:
        return F.batch_norm(values, running_mean, running_var, weight, bias, False, momentum, eps)
    places = tuple(range(2, values.ndim))
    return _weighed(_standardised(seen, values, places, eps), *_per_channel(values, weight, bias))


def _rms_norm(
    seen: Tensor,
    values: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    eps: float | None = None,
) -> Tensor:
    axes = tuple(range(-len(normalized_shape), 0))
    small = torch.finfo(seen.dtype).eps if eps is None else eps
    return _weighed(values / (seen.square().mean(axes, keepdim=True) + small).sqrt(), weight, None)


def _normalize(
    seen: Tensor, values: Tensor, p: float | int = 2.0, dim: int = 1, eps: float = 1e-12, out: None = None
) -> Tensor:
    lengths: Tensor = torch.linalg.vector_norm(seen, p, dim, keepdim=True)
    return values / lengths.clamp(min=eps)


def _standardised(seen: Tensor, values: Tensor, axes: tuple[int, ...], eps: float) -> Tensor:
    """Centred, over the spread of `seen`."""
    spread = (seen.var(axes, keepdim=True, unbiased=False) + eps).sqrt()
    return (values - values.mean(axes, keepdim=True)) / spread


def _weighed(values: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    scaled = values if weight is None else values * weight
    return scaled if bias is None else scaled + bias


def _per_channel(values: Tensor, *parameters: Tensor | None) -> list[Tensor | None]:
    """Numbers per channel, axis 1, in a shape that meets the values."""
    return [part if part is None else part.view(-1, *[1] * (values.ndim - 2)) for part in parameters]


_FROZEN: dict[Callable[..., Any], Callable[..., Tensor]] = {
    F.layer_norm: _layer_norm,
    torch.layer_norm: _layer_norm,
    F.group_norm: _group_norm,
    torch.group_norm: _group_norm,
    F.instance_norm: _instance_norm,
    F.rms_norm: _rms_norm,
    torch.rms_norm: _rms_norm,
    F.normalize: _normalize,
}


def frozen_form(call: Call) -> Frozen | None:
    """The normalisation of a call whose first argument alone is live; None when it has no such form here."""
    form = _FROZEN.get(call.recipe.function)
    if form is None or len(call.operands) != 1 or not call.arguments or call.arguments[0] is not call.operands[0]:
        return None
    return partial(_with_arguments, form, call.arguments[1:], call.keywords)


def _with_arguments(
    form: Callable[..., Tensor], rest: tuple[Any, ...], options: dict[str, Any], seen: Tensor, values: Tensor
) -> Tensor:
    """A frozen form with the other arguments as they were given."""
    return form(seen, values, *rest, **options)
