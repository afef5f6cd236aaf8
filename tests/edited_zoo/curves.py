"""One network per activation, and those that curve the inputs or the outputs."""

import torch
import torch.nn.functional as F
from torch import nn

from edited_zoo.kit import Network, network
from zoo.kit import Net

MODULES = {
    "relu": nn.ReLU,
    "leaky_relu": lambda: nn.LeakyReLU(0.2),
    "elu": nn.ELU,
    "selu": nn.SELU,
    "celu": lambda: nn.CELU(0.5),
    "silu": nn.SiLU,
    "gelu": nn.GELU,
    "gelu_tanh": lambda: nn.GELU(approximate="tanh"),
    "mish": nn.Mish,
    "softplus": nn.Softplus,
    "hardswish": nn.Hardswish,
    "hardtanh": nn.Hardtanh,
    "relu6": nn.ReLU6,
    "prelu": nn.PReLU,
    "prelu_per_channel": lambda: nn.PReLU(8),
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "log_sigmoid": nn.LogSigmoid,
    "softsign": nn.Softsign,
    "softshrink": lambda: nn.Softshrink(0.1),
    "threshold": lambda: nn.Threshold(0.1, 0.1),
    "relu_in_place": lambda: nn.ReLU(inplace=True),
}
FUNCTIONS = {
    "abs": torch.abs,
    "square": lambda x: x**2,
    "times_itself": lambda x: x * x,
    "hardsigmoid": lambda x: F.hardsigmoid(4 * x),
    "clamp": lambda x: x.clamp(-0.5, 1),
    "clamp_min": lambda x: torch.clamp(x, min=0.1),
    "exp": torch.exp,
    "exp_minus_one": lambda x: torch.expm1(0.5 * x),
    "sine": torch.sin,
    "erf": torch.erf,
    "root": lambda x: torch.sqrt(x.abs() + 0.1),
    "log1p": lambda x: torch.log1p(F.relu(x)),
    "reciprocal": lambda x: 1 / (1 + x.pow(2)),
    "maximum": lambda x: torch.maximum(x, 0.3 * x),
    "where": lambda x: torch.where(x > 0, x, 0.1 * x),
    "masked_fill": lambda x: x.masked_fill(x < 0, 0),
    "relu_method": lambda x: x.relu(),
    "swish_by_hand": lambda x: x * torch.sigmoid(1.702 * x),
    "added_and_scaled": lambda x: torch.relu((x - 0.1) / 0.7 + 0.2) * 1.5,
}


def with_module(make) -> nn.Module:
    return nn.Sequential(
        nn.Conv1d(4, 8, 5, padding=2),
        nn.BatchNorm1d(8),
        make(),
        nn.Conv1d(8, 8, 5, stride=2),
        make(),
        nn.Flatten(),
        nn.LazyLinear(6),
        nn.ReLU(),
        nn.Linear(6, 1),
    )


def with_function(function) -> nn.Module:
    def forward(self, x):
        x = function(self.conv1(x))
        x = function(self.conv2(F.max_pool1d(x, 2)))
        return self.head(x.flatten(1))

    return Net(forward, conv1=nn.Conv1d(4, 8, 7), conv2=nn.Conv1d(8, 6, 3, padding=1), head=nn.LazyLinear(1))


ACTIVATIONS = [
    *(Network(f"activation_{name}", lambda make=make: with_module(make), length=40) for name, make in MODULES.items()),
    *(
        Network(f"function_{name}", lambda call=call: with_function(call), length=40)
        for name, call in FUNCTIONS.items()
    ),
]


@network(length=50)
def exponential_first_layer():
    """Koo & Ploenzke 2021."""

    def forward(self, x):
        x = F.max_pool1d(torch.exp(self.norm(self.conv1(x))), 4)
        return self.head(F.relu(self.conv2(x)).flatten(1))

    parts = {"conv1": nn.Conv1d(4, 10, 11, padding=5), "norm": nn.BatchNorm1d(10)}
    return Net(forward, **parts, conv2=nn.Conv1d(10, 8, 3), head=nn.LazyLinear(1))


@network(length=50)
def activation_before_any_convolution():
    return nn.Sequential(nn.Tanh(), nn.Conv1d(4, 8, 5), nn.ReLU(), nn.Flatten(), nn.LazyLinear(1))


@network(length=50)
def square_root_output():
    def forward(self, x):
        return torch.sqrt(F.softplus(self.head(F.relu(self.conv(x)).mean(dim=2))))

    return Net(forward, conv=nn.Conv1d(4, 8, 5), head=nn.Linear(8, 2))


@network(length=50)
def log1p_output():
    def forward(self, x):
        return torch.log1p(torch.exp(self.head(F.relu(self.conv(x)).amax(dim=2))))

    return Net(forward, conv=nn.Conv1d(4, 8, 5), head=nn.Linear(8, 2))


@network(length=50, target=1, local=(0, 48))
def log_softmax_output():
    return nn.Sequential(
        nn.Conv1d(4, 8, 5), nn.ReLU(), nn.MaxPool1d(4), nn.Flatten(), nn.LazyLinear(4), nn.LogSoftmax(dim=1)
    )


@network(length=50, target=lambda outputs: outputs[:, 2] - outputs[:, 0], local=(0, 48))
def softmax_output_margin():
    return nn.Sequential(
        nn.Conv1d(4, 8, 5), nn.ReLU(), nn.MaxPool1d(4), nn.Flatten(), nn.LazyLinear(4), nn.Softmax(dim=-1)
    )


@network(length=50)
def one_number_per_example():
    """Outputs of shape (batch,)."""

    def forward(self, x):
        return self.conv(x).relu().sum(dim=(1, 2)) / 50

    return Net(forward, conv=nn.Conv1d(4, 8, 5))


@network(length=50)
def gated_by_the_whole():
    """The product of two branches, one of them a summary of all positions."""

    def forward(self, x):
        gate = torch.sigmoid(self.gate(x.mean(dim=2)))
        return self.head((F.relu(self.conv(x)) * gate.unsqueeze(-1)).mean(dim=-1))

    return Net(forward, conv=nn.Conv1d(4, 8, 5), gate=nn.Linear(4, 8), head=nn.Linear(8, 1))
