"""Operations with a body: written out in simple operations, so that each part meets its own rule."""

from collections.abc import Callable
from types import FunctionType
from typing import Any

import torch
from torch import Tensor

from seqinterp.attribution.rules import recurrent

_CHECKS = {
    name: lambda *_: False for name in ("has_torch_function", "has_torch_function_unary", "has_torch_function_variadic")
}


def _body(function: FunctionType, *arguments: Any, **keywords: Any) -> Any:
    """Run a Python function of torch through its own lines, without the check that would come back to us."""
    opened = FunctionType(
        function.__code__,
        {**function.__globals__, **_CHECKS},
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    opened.__kwdefaults__ = function.__kwdefaults__
    return opened(*arguments, **keywords)


def _attention(
    _: Callable[..., Tensor],
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """softmax(query key^T scale + mask) value, as the documentation of torch states it; no dropout."""
    if enable_gqa:
        key = key.repeat_interleave(query.size(-3) // key.size(-3), -3)
        value = value.repeat_interleave(query.size(-3) // value.size(-3), -3)
    weights = query @ key.transpose(-2, -1) * (query.size(-1) ** -0.5 if scale is None else scale)
    if is_causal:
        attn_mask = torch.ones(weights.shape[-2:], dtype=torch.bool, device=weights.device).tril()
    if attn_mask is not None and attn_mask.dtype == torch.bool:
        weights = weights.masked_fill(attn_mask.logical_not(), float("-inf"))
    elif attn_mask is not None:
        weights = weights + attn_mask
    return torch.softmax(weights, dim=-1) @ value


def _glu(_: Callable[..., Tensor], *arguments: Any, **keywords: Any) -> Tensor:
    """First half along `dim` (the last axis unless given) times the sigmoid of the second."""
    inputs = arguments[0] if arguments else keywords["input"]
    dim = arguments[1] if len(arguments) > 1 else keywords.get("dim", -1)
    signal, gate = inputs.chunk(2, dim)
    gated: Tensor = signal * torch.sigmoid(gate)
    return gated


def _spread_and_mean(function: Callable[..., Any], *arguments: Any, **keywords: Any) -> tuple[Tensor, Tensor]:
    """`std_mean` and `var_mean` as two operations; the options of the mean are the axes alone."""
    spread = torch.std if function.__name__ == "std_mean" else torch.var
    axes = arguments[1] if len(arguments) > 1 else keywords.get("dim")
    kept = keywords.get("keepdim", False)
    mean = arguments[0].mean() if axes is None else arguments[0].mean(axes, keepdim=kept)
    return spread(*arguments, **keywords), mean


def _cdist(_: Callable[..., Tensor], x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: str = "") -> Tensor:
    """Distances between all pairs of rows."""
    distances: Tensor = torch.linalg.vector_norm(x1.unsqueeze(-2) - x2.unsqueeze(-3), p, dim=-1)
    return distances


def _with_winners(name: str) -> Callable[..., Tensor]:
    """A max pool as the one that also tells the winners: rules need them."""
    telling = getattr(torch.nn.functional, f"{name}_with_indices")

    def pool(_: Callable[..., Tensor], *arguments: Any, **keywords: Any) -> Tensor:
        pooled: Tensor = telling(*arguments, **keywords)[0]
        return pooled

    return pool


_POOLS = [f"{kind}max_pool{dims}d" for kind in ("", "adaptive_") for dims in (1, 2, 3)]

OPENED: dict[str, Callable[..., Any]] = {
    **{name: _with_winners(name) for name in _POOLS},
    "multi_head_attention_forward": _body,
    "scaled_dot_product_attention": _attention,
    "glu": _glu,
    "cdist": _cdist,
    "std_mean": _spread_and_mean,
    "var_mean": _spread_and_mean,
    "lstm": recurrent.lstm,
    "gru": recurrent.gru,
    "rnn_tanh": recurrent.rnn_tanh,
    "rnn_relu": recurrent.rnn_relu,
    "lstm_cell": recurrent.lstm_cell,
    "gru_cell": recurrent.gru_cell,
    "rnn_tanh_cell": recurrent.rnn_tanh_cell,
    "rnn_relu_cell": recurrent.rnn_relu_cell,
}
