"""Implementation twins: pairs of models that compute one function by different code, and reverse-complement twins."""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cases import Case
from zoo.kit import Kit, Net, tokens, unsettle


@dataclass(frozen=True)
class Twin:
    """Model `a`, drawn at random, and model `b`, the same function by other code made from a copy of `a`.

    shape: of one example; kit.dims says whether these are sequences or images.
    exact_deeplift: DeepLIFT must give both the same numbers.
    exact_rules: every rule of modified gradients (LRP, guided backprop, deconvnet too) must.
    why: where one of the two is False, what makes the difference legitimate.
    All other methods see nothing but the function: they must agree on every pair.
    """

    name: str
    draw: Callable[[Kit], nn.Module]
    rewrite: Callable[[nn.Module], nn.Module]
    kit: Kit
    exact_deeplift: bool = True
    exact_rules: bool = True
    why: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        return self.kit.shape

    def build_a(self) -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return unsettle(self.draw(self.kit)).double().eval()

    def build_b(self) -> nn.Module:
        return self.rewrite(copy.deepcopy(self.build_a())).double().eval()

    def inputs(self, count: int = 5) -> Tensor:
        return Case(self.name, nn.Identity, self.shape, 2).inputs(count)


class RcTwin(nn.Module):
    """A model of the other strand: what `model` says of the reverse complement."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: Tensor):
        return self.model(inputs.flip((1, 2)))


# --- rectifiers -------------------------------------------------------------------------------------------------------


def rectified(kit: Kit) -> Net:
    """Two rectified convolutions, a sum and a pool; `relu` is what a twin replaces."""

    def forward(self, inputs):
        first = self.relu(self.a(inputs))
        out = self.norm(self.b(first))
        out += first
        return self.head(self.pool(self.relu(out)).flatten(1))

    parts = {"norm": kit.layer("BatchNorm", 5), "pool": kit.layer("MaxPool", 2), "head": kit.dense(5, stride=2)}
    return Net(forward, a=kit.stem(5), b=kit.conv(5, 5), relu=nn.ReLU(), **parts)


class Call(nn.Module):
    """A function in the place of a module."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, hidden: Tensor) -> Tensor:
        return self.function(hidden)


def _with_relu(relu: nn.Module) -> Callable[[nn.Module], nn.Module]:
    def rewrite(model: nn.Module) -> nn.Module:
        model.relu = relu
        return model

    return rewrite


def _in_statement(hidden: Tensor) -> Tensor:
    hidden.relu_()
    return hidden


def _cloned(model: nn.Module) -> nn.Module:
    """A module for every call, in a Sequential, in place of one that is used again."""
    parts = [copy.deepcopy(part) for part in model]
    return nn.Sequential(*parts)


def reused(kit: Kit) -> nn.Module:
    relu, conv = nn.ReLU(), kit.conv(5, 5)
    return nn.Sequential(kit.stem(5), relu, conv, relu, conv, relu, nn.Flatten(), kit.dense(5))


# --- batch norm -------------------------------------------------------------------------------------------------------


def normed_after(kit: Kit) -> nn.Module:
    layers = [kit.stem(5), kit.layer("BatchNorm", 5), nn.ReLU(), kit.layer("MaxPool", 2), nn.Flatten()]
    return nn.Sequential(*layers, kit.dense(5, stride=2))


def normed_before(kit: Kit) -> nn.Module:
    """No padding: there a norm before the convolution can be folded into it, bias and all."""
    channels = kit.channels
    layers = [kit.layer("BatchNorm", channels), kit.conv(channels, 5, 3, padding=0), nn.ReLU(), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(5 * (10 if kit.dims == 1 else 16), 2))


def _scale_and_shift(norm: nn.Module) -> tuple[Tensor, Tensor]:
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return scale.detach(), (norm.bias - norm.running_mean * scale).detach()


def _fold_after(model: nn.Module) -> nn.Module:
    conv, norm, *rest = model
    scale, shift = _scale_and_shift(norm)
    conv.weight.data *= scale.view(-1, *[1] * (conv.weight.ndim - 1))
    conv.bias.data = conv.bias.data * scale + shift
    return nn.Sequential(conv, *rest)


def _fold_before(model: nn.Module) -> nn.Module:
    norm, conv, *rest = model
    scale, shift = _scale_and_shift(norm)
    conv.bias.data += torch.einsum("oc...,c->o", conv.weight.data, shift)
    conv.weight.data *= scale.view(1, -1, *[1] * (conv.weight.ndim - 2))
    return nn.Sequential(conv, *rest)


# --- convolutions -----------------------------------------------------------------------------------------------------


def convolved(kit: Kit) -> Net:
    def forward(self, inputs):
        return self.head(F.relu(self.first(inputs)).amax(dim=kit.axes))

    return Net(forward, first=kit.stem(6), head=nn.Linear(6, 2))


def _functional_convolution(model: nn.Module) -> nn.Module:
    call = F.conv1d if model.first.weight.ndim == 3 else F.conv2d
    first = model.first
    model.first = Net(lambda self, inputs: call(inputs, self.conv.weight, self.conv.bias, padding=1), conv=first)
    return model


def _convolution_with_one_row(model: nn.Module) -> nn.Module:
    first = model.first
    flat = nn.Conv2d(4, 6, (1, 3), padding=(0, 1))
    flat.weight.data, flat.bias.data = first.weight.data.unsqueeze(2), first.bias.data
    model.first = Net(lambda self, inputs: self.flat(inputs.unsqueeze(2)).squeeze(2), flat=flat)
    return model


def _unfold_and_linear(model: nn.Module) -> nn.Module:
    first = model.first
    bank = nn.Linear(first.weight[0].numel(), 6)
    bank.weight.data, bank.bias.data = first.weight.data.flatten(1), first.bias.data
    images = first.weight.ndim == 4

    def forward(self, inputs):
        if images:
            patches = F.unfold(inputs, 3, padding=1).transpose(1, 2)
        else:
            patches = F.pad(inputs, (1, 1)).unfold(2, 3, 1).transpose(1, 2).flatten(2)
        return self.bank(patches).transpose(1, 2).unflatten(2, inputs.shape[2:])

    model.first = Net(forward, bank=bank)
    return model


# --- attention --------------------------------------------------------------------------------------------------------


def attending(kit: Kit) -> Net:
    def forward(self, inputs):
        return self.head(self.mix(tokens(self.a(inputs))).mean(dim=1))

    def mix(self, hidden):
        return self.attention(hidden, hidden, hidden, need_weights=True)[0]

    attention = nn.MultiheadAttention(6, 2, batch_first=True)
    return Net(forward, a=kit.stem(6), mix=Net(mix, attention=attention), head=nn.Linear(6, 2))


def _without_weights(model: nn.Module) -> nn.Module:
    model.mix.steps = lambda self, hidden: self.attention(hidden, hidden, hidden, need_weights=False)[0]
    return model


def _attention_by_hand(model: nn.Module) -> nn.Module:
    def mix(self, hidden):
        given = self.attention
        parts = F.linear(hidden, given.in_proj_weight, given.in_proj_bias)
        query, key, value = parts.unflatten(-1, (3, 2, 3)).permute(2, 0, 3, 1, 4)
        weights = (query @ key.transpose(-1, -2) / math.sqrt(3)).softmax(dim=-1)
        return given.out_proj((weights @ value).transpose(1, 2).flatten(2))

    model.mix.steps = mix
    return model


# --- recurrent --------------------------------------------------------------------------------------------------------


def remembering(kit: Kit) -> Net:
    def forward(self, inputs):
        return self.head(self.core(tokens(self.a(inputs)))[0].flatten(1))

    core = nn.LSTM(4, 3, batch_first=True)
    return Net(forward, a=kit.conv(kit.channels, 4, 4, stride=2, padding=1), core=core, head=kit.dense(3, stride=2))


def _lstm_loop(model: nn.Module) -> nn.Module:
    def forward(self, hidden):
        given = self.lstm
        state = cell = hidden.new_zeros(len(hidden), 3)
        states = []
        for place in range(hidden.shape[1]):
            gates = F.linear(hidden[:, place], given.weight_ih_l0, given.bias_ih_l0)
            gates = gates + F.linear(state, given.weight_hh_l0, given.bias_hh_l0)
            into, forget, new, out = gates.chunk(4, dim=1)
            cell = forget.sigmoid() * cell + into.sigmoid() * new.tanh()
            state = out.sigmoid() * cell.tanh()
            states.append(state)
        return torch.stack(states, dim=1), (state, cell)

    model.core = Net(forward, lstm=model.core)
    return model


# --- normalisers and curves -------------------------------------------------------------------------------------------


def curved(middle: Callable[[], nn.Module]) -> Callable[[Kit], nn.Module]:
    """A network around one module over the channels, the last axis; it stands third, for a twin to replace."""

    def draw(kit: Kit) -> nn.Module:
        return nn.Sequential(kit.stem(6), Call(tokens), middle(), nn.Flatten(), kit.dense(6))

    return draw


def _middle(replace: Callable[[nn.Module], nn.Module]) -> Callable[[nn.Module], nn.Module]:
    def rewrite(model: nn.Module) -> nn.Module:
        model[2] = replace(model[2])
        return model

    return rewrite


def _exp_normalise(hidden: Tensor) -> Tensor:
    top = torch.exp(hidden - hidden.amax(dim=-1, keepdim=True).detach())
    return top / top.sum(dim=-1, keepdim=True)


def _functional_norm(norm: nn.Module) -> nn.Module:
    return Net(lambda self, hidden: F.layer_norm(hidden, (6,), self.norm.weight, self.norm.bias, 1e-5), norm=norm)


def _layer_norm_by_hand(norm: nn.Module) -> nn.Module:
    def forward(self, hidden):
        centred = hidden - hidden.mean(dim=-1, keepdim=True)
        spread = hidden.var(dim=-1, keepdim=True, unbiased=False)
        return centred / torch.sqrt(spread + self.norm.eps) * self.norm.weight + self.norm.bias

    return Net(forward, norm=norm)


def _gelu_by_hand(hidden: Tensor) -> Tensor:
    return hidden * (0.5 * (1 + torch.erf(hidden / math.sqrt(2))))


# --- the list ---------------------------------------------------------------------------------------------------------

MASKS = "a product with a mask or a choice by it is two operations, each with a rule of its own"
PARTS = "a rule for the whole operation is not the rules of its parts, one after the other"
FOLDED = "LRP shares out the sum of two linear layers in two steps; DeepLIFT's multipliers of linear layers multiply"
ANY_RELU = {
    "F.relu": F.relu,
    "torch.relu": torch.relu,
    "method relu": Tensor.relu,
    "nn.ReLU(inplace=True)": nn.ReLU(inplace=True),
    "F.relu_": F.relu_,
    "F.relu(inplace=True)": lambda hidden: F.relu(hidden, inplace=True),
    "relu_ as a statement": _in_statement,
    "clamp(min=0)": lambda hidden: hidden.clamp(min=0),
    "torch.clamp": lambda hidden: torch.clamp(hidden, 0),
    "clamp_": lambda hidden: hidden.clamp_(min=0),
    "clamp_min": lambda hidden: torch.clamp_min(hidden, 0),
    "F.threshold": lambda hidden: F.threshold(hidden, 0, 0),
    "leaky with slope 0": nn.LeakyReLU(0.0),
}
LOOSE_RELU = {
    "maximum with zeros": lambda hidden: torch.maximum(hidden, torch.zeros_like(hidden)),
    "where": lambda hidden: torch.where(hidden > 0, hidden, 0.0),
    "mask": lambda hidden: hidden * (hidden > 0),
    "half of x + |x|": lambda hidden: (hidden + hidden.abs()) / 2,
}


def _of(kit: Kit) -> list[Twin]:
    """All pairs of one modality."""

    def as_module(relu):
        return relu if isinstance(relu, nn.Module) else Call(relu)

    def loose(name: str, draw, rewrite, why: str, *, deeplift: bool = False) -> Twin:
        return Twin(name, draw, rewrite, kit, exact_deeplift=deeplift, exact_rules=False, why=why)

    softmax = curved(lambda: nn.Softmax(dim=-1))
    pairs = [
        *(Twin(f"nn.ReLU | {name}", rectified, _with_relu(as_module(relu)), kit) for name, relu in ANY_RELU.items()),
        *(
            loose(f"nn.ReLU | {name}", rectified, _with_relu(Call(relu)), MASKS, deeplift="maximum" in name)
            for name, relu in LOOSE_RELU.items()
        ),
        Twin("reused | cloned", reused, _cloned, kit),
        loose("norm after | folded", normed_after, _fold_after, FOLDED, deeplift=True),
        loose("norm before | folded", normed_before, _fold_before, FOLDED, deeplift=True),
        Twin("convolution | functional", convolved, _functional_convolution, kit),
        Twin("convolution | unfold and linear", convolved, _unfold_and_linear, kit),
        Twin("attention with weights | without", attending, _without_weights, kit),
        loose("attention | by hand", attending, _attention_by_hand, PARTS),
        loose("nn.LSTM | loop", remembering, _lstm_loop, PARTS),
        Twin("nn.Softmax | F.softmax", softmax, _middle(lambda _: Call(lambda h: F.softmax(h, -1))), kit),
        Twin("nn.Softmax | method", softmax, _middle(lambda _: Call(lambda h: h.softmax(dim=2))), kit),
        loose("nn.Softmax | exp and normalise", softmax, _middle(lambda _: Call(_exp_normalise)), PARTS),
        Twin("nn.LayerNorm | F.layer_norm", curved(lambda: nn.LayerNorm(6)), _middle(_functional_norm), kit),
        loose("nn.LayerNorm | by hand", curved(lambda: nn.LayerNorm(6)), _middle(_layer_norm_by_hand), PARTS),
        Twin("nn.GELU | F.gelu", curved(nn.GELU), _middle(lambda _: Call(F.gelu)), kit),
        loose("nn.GELU | x times Phi(x)", curved(nn.GELU), _middle(lambda _: Call(_gelu_by_hand)), PARTS),
        Twin("nn.Sigmoid | method", curved(nn.Sigmoid), _middle(lambda _: Call(Tensor.sigmoid)), kit),
        Twin("nn.Tanh | tanh_", curved(nn.Tanh), _middle(lambda _: Call(lambda h: h.clone().tanh_())), kit),
    ]
    if kit.dims == 1:
        pairs.append(Twin("Conv1d | Conv2d of one row", convolved, _convolution_with_one_row, kit))
    return pairs


TWINS = [*_of(Kit(1)), *_of(Kit(2))]
