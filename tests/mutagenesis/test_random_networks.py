"""Networks put together at random: whatever their layers are, effects are exact."""

import torch
import torch.nn.functional as F
from hypothesis import given, settings, strategies as st
from torch import Tensor, nn

import seqinterp as si
from edited_networks import assert_exact, assert_exact_edits
from edited_zoo.kit import Network
from naive import mutagenesis as naive

ACTIVATIONS = [nn.ReLU, nn.GELU, nn.ELU, nn.SiLU, nn.Tanh, nn.Softplus, lambda: nn.LeakyReLU(0.2), nn.Identity]

convolutions = st.tuples(
    st.just("conv"),
    st.integers(1, 7),  # size
    st.sampled_from([1, 1, 1, 2, 3]),  # stride
    st.sampled_from([1, 1, 2, 3]),  # dilation
    st.integers(0, 4),  # padding
    st.sampled_from([1, 1, 2, 4]),  # groups
    st.booleans(),  # bias
)
windows = st.tuples(st.sampled_from(["max", "avg"]), st.integers(2, 5), st.integers(1, 4), st.booleans(), st.booleans())
layers = st.one_of(
    convolutions,
    convolutions,
    windows,
    st.tuples(st.sampled_from(["batch", "layer", "group", "channels"])),
    st.tuples(st.just("activation"), st.integers(0, len(ACTIVATIONS) - 1)),
    st.tuples(st.just("residual"), st.integers(1, 3), st.integers(0, len(ACTIVATIONS) - 1)),
    st.tuples(st.just("concat"), st.integers(1, 7)),
    st.tuples(st.just("gate"), st.integers(1, 5)),
    st.tuples(st.just("crop"), st.integers(0, 3), st.integers(0, 3)),
    st.tuples(st.just("adaptive"), st.integers(2, 9), st.booleans()),
    st.tuples(st.just("up"), st.sampled_from(["nearest", "transposed"])),
    st.tuples(st.just("attend")),
)
heads = st.sampled_from(["flatten", "mean", "max", "both", "hidden", "sum_and_last"])
plans = st.tuples(st.lists(layers, min_size=1, max_size=6), heads)


class Residual(nn.Module):
    """x + f(conv(x)), dilated."""

    def __init__(self, width: int, dilation: int, activation: nn.Module):
        super().__init__()
        self.conv = nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        return x + self.activation(self.conv(x))


class Concat(nn.Module):
    def __init__(self, width: int, size: int):
        super().__init__()
        self.conv = nn.Conv1d(width, 4, size, padding="same" if size % 2 else size // 2)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, F.relu(self.conv(x)[:, :, : x.shape[2]])], dim=1)


class Gate(nn.Module):
    def __init__(self, width: int, size: int):
        super().__init__()
        self.conv = nn.Conv1d(width, 16, size, padding=size // 2)

    def forward(self, x: Tensor) -> Tensor:
        a, b = self.conv(x).chunk(2, dim=1)
        return torch.tanh(a) * torch.sigmoid(b)


class Crop(nn.Module):
    def __init__(self, left: int, right: int):
        super().__init__()
        self.left, self.right = left, right

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :, self.left : x.shape[2] - self.right]


class Channels(nn.Module):
    """LayerNorm over the channels."""

    def __init__(self, width: int):
        super().__init__()
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x.transpose(1, 2)).transpose(1, 2)


class Attend(nn.Module):
    """Positions weighted by a softmax of their own, added to all."""

    def __init__(self, width: int):
        super().__init__()
        self.score = nn.Conv1d(width, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x + (x * self.score(x).softmax(dim=2)).sum(dim=2, keepdim=True)


def layer(kind: str, facts: tuple, width: int, places: int) -> nn.Module:
    """One layer for `width` channels and `places` positions; the caller drops those that do not fit."""
    if kind == "conv":
        size, stride, dilation, padding, groups, bias = facts
        groups = groups if width % groups == 0 else 1
        options = {"stride": stride, "dilation": dilation, "padding": padding, "groups": groups, "bias": bias}
        return nn.Conv1d(width, 8, size, **options)
    if kind in ("max", "avg"):
        size, stride, padded, ceil = facts
        pool = nn.MaxPool1d if kind == "max" else nn.AvgPool1d
        return pool(size, stride, padding=size // 2 if padded else 0, ceil_mode=ceil)
    if kind == "adaptive":
        return (nn.AdaptiveMaxPool1d if facts[1] else nn.AdaptiveAvgPool1d)(facts[0])
    if kind == "up":
        transposed = nn.ConvTranspose1d(width, 6, 4, stride=2, padding=1)
        return transposed if facts[0] == "transposed" else nn.Upsample(scale_factor=2)
    if kind == "activation":
        return ACTIVATIONS[facts[0]]()
    if kind == "residual":
        return Residual(width, facts[0], ACTIVATIONS[facts[1]]())
    made = {"batch": lambda: nn.BatchNorm1d(width), "layer": lambda: nn.LayerNorm([width, places])}
    made |= {"group": lambda: nn.GroupNorm(2 if width % 2 == 0 else 1, width), "channels": lambda: Channels(width)}
    made |= {"concat": lambda: Concat(width, *facts), "gate": lambda: Gate(width, *facts), "crop": lambda: Crop(*facts)}
    return (made | {"attend": lambda: Attend(width)})[kind]()


class Summary(nn.Module):
    """From positions to outputs."""

    def __init__(self, kind: str):
        super().__init__()
        self.kind = kind
        self.out = nn.Sequential(nn.LazyLinear(8), nn.ReLU(), nn.Linear(8, 2)) if kind == "hidden" else nn.LazyLinear(2)

    def forward(self, x: Tensor) -> Tensor:
        if self.kind in ("flatten", "hidden"):
            return self.out(x.flatten(1))
        if self.kind == "both":
            return self.out(torch.cat([x.amax(dim=2), x.mean(dim=2)], dim=1))
        if self.kind == "sum_and_last":
            return self.out(torch.cat([x.sum(dim=2) / 10, x[:, :, -1]], dim=1))
        return self.out(x.mean(-1) if self.kind == "mean" else x.max(dim=-1).values)


def network(plan: tuple, length: int) -> nn.Module:
    """The layers of the plan, without those that leave no position or no finite size."""
    parts: list[nn.Module] = [nn.Conv1d(4, 8, 5, padding=2)]
    hidden = torch.zeros(1, 8, length)
    for kind, *facts in plan[0]:
        part = layer(kind, tuple(facts), *hidden.shape[1:])
        try:
            with torch.no_grad():
                after = part.eval()(hidden)
        except RuntimeError:
            continue
        if after.shape[2] > 1 and after.numel() < 2500:
            parts.append(part)
            hidden = after
    return nn.Sequential(*parts, Summary(plan[1]))


@settings(max_examples=200, derandomize=True, deadline=None)
@given(plan=plans, length=st.integers(20, 45), seed=st.integers(0, 99))
def test_effects_are_exact(plan, length, seed):
    made = Network("random", lambda: network(plan, length), length=length, seed=seed)
    model, inputs = made.model(), made.inputs(1, unknown=seed % 3 == 0)
    exact = naive.effects(model, inputs, 1)
    found = si.mutate(model, inputs, target=1, device="cpu").effects
    assert_exact(found, exact, model, inputs, 1)


@settings(max_examples=80, derandomize=True, deadline=None)
@given(plan=plans, length=st.integers(20, 45), seed=st.integers(0, 99), data=st.data())
def test_edits_of_any_columns_are_exact(plan, length, seed, data):
    made = Network("random", lambda: network(plan, length), length=length, seed=seed)
    model, inputs = made.model(), made.inputs(2)
    example = torch.tensor([0, 1, 1, 0])
    rows = inputs[example].clone()
    for row in rows:
        changed = data.draw(st.lists(st.integers(0, length - 1), max_size=5))
        row[:, changed] = torch.eye(4)[:, [data.draw(st.integers(0, 3)) for _ in changed]]
    assert_exact_edits(model, None, inputs, rows, example)
