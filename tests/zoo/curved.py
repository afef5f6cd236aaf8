"""Smooth activations, arithmetic of two live tensors, gates, and operations nobody wrote a rule for."""

import torch
import torch.nn.functional as F
from torch import nn

from zoo.kit import Kit, Net, blueprint


def stack(kit: Kit, forward, channels: int = 5, outputs: int = 2):
    """Two convolutions `a`, `b` and a dense head for a forward to use."""
    head = kit.dense(channels, outputs)
    return Net(forward, a=kit.stem(channels), b=kit.conv(channels, channels), head=head)


def two_activations(kit: Kit, first: nn.Module, second: nn.Module, outputs: int = 2):
    return nn.Sequential(kit.stem(5), first, kit.conv(5, 5), second, nn.Flatten(), kit.dense(5, outputs))


@blueprint()
def gelu(kit: Kit):
    def forward(self, inputs):
        return self.head(F.gelu(self.b(F.gelu(2 * self.a(inputs), approximate="tanh"))).flatten(1))

    return stack(kit, forward)


@blueprint(outputs=3)
def gelu_modules(kit: Kit):
    return two_activations(kit, nn.GELU(), nn.GELU("tanh"), 3)


@blueprint(seed=2)
def silu_and_mish(kit: Kit):
    return two_activations(kit, nn.SiLU(inplace=True), nn.Mish())


@blueprint()
def elu_and_selu(kit: Kit):
    def forward(self, inputs):
        return self.head(F.selu(self.b(F.celu(F.elu(self.a(inputs), inplace=True), 0.5))).flatten(1))

    return stack(kit, forward)


@blueprint()
def softplus_and_softsign(kit: Kit):
    return two_activations(kit, nn.Softplus(), nn.Softsign())


@blueprint()
def hard_curves(kit: Kit):
    def forward(self, inputs):
        return self.head(F.hardswish(self.b(F.hardsigmoid(4 * F.hardswish(3 * self.a(inputs))))).flatten(1))

    return stack(kit, forward)


@blueprint(outputs=1)
def exponential_first_layer(kit: Kit):
    def forward(self, inputs):
        hidden = self.pool(torch.exp(self.a(inputs)))
        return self.head(F.relu(self.b(hidden)).flatten(1)).squeeze(1)

    parts = {"a": kit.stem(5, 5), "pool": kit.layer("MaxPool", 2), "b": kit.conv(5, 5)}
    return Net(forward, **parts, head=kit.dense(5, 1, stride=2))


@blueprint(probability=True, seed=16)
def sigmoid_and_tanh(kit: Kit):
    def forward(self, inputs):
        hidden = self.b(torch.sigmoid(self.a(inputs))).tanh()
        return self.head(2 * F.logsigmoid(4 * self.tanh(hidden)).flatten(1)).sigmoid()

    net = stack(kit, forward)
    net.tanh = nn.Tanh()
    return net


@blueprint(seed=2)
def chains(kit: Kit):
    def forward(self, inputs):
        hidden = self.a(inputs)
        hidden = torch.sqrt(hidden.abs() + 0.1) + torch.log(1 + hidden.square())
        hidden = self.b(hidden)
        hidden = torch.reciprocal(1 + hidden**2) + 1 / (2 + hidden.sin()) + hidden.pow(3).tanh().exp().log1p().rsqrt()
        return self.head(hidden.flatten(1))

    return stack(kit, forward)


@blueprint()
def live_division(kit: Kit):
    def forward(self, inputs):
        first, second = self.a(inputs), self.c(inputs)
        hidden = first / (0.2 + second**2) + torch.div(second, first.exp())
        return self.head(hidden.flatten(1)) / hidden.abs().mean(dim=(1, *kit.axes)).unsqueeze(1)

    net = stack(kit, forward)
    net.c = kit.stem(5)
    return net


@blueprint(outputs=1, seed=4)
def live_logaddexp(kit: Kit):
    def forward(self, inputs):
        hidden = torch.logaddexp(self.a(inputs), self.c(inputs))
        return torch.hypot(self.b(hidden), hidden).mean(dim=kit.axes).sum(dim=1)

    net = stack(kit, forward)
    net.c = kit.stem(5)
    return net


@blueprint()
def gated_linear_unit(kit: Kit):
    def forward(self, inputs):
        hidden = F.glu(self.a(inputs), dim=1)
        return self.head(self.glu(self.b(hidden)).flatten(1))

    return Net(forward, a=kit.stem(8), b=kit.conv(4, 8), glu=nn.GLU(dim=1), head=kit.dense(4))


@blueprint(outputs=3)
def gates(kit: Kit):
    """The gate of WaveNet and Basenji, a product of three, and an in-place product."""

    def forward(self, inputs):
        first, second = self.a(inputs), self.c(inputs)
        hidden = torch.tanh(first) * torch.sigmoid(second)
        hidden = hidden * first * second
        hidden *= F.softplus(second)
        return self.head(torch.addcmul(hidden, first, first, value=0.5).flatten(1))

    net = stack(kit, forward, outputs=3)
    net.c = kit.stem(5)
    return net


@blueprint()
def unknown_erf_and_sine(kit: Kit):
    def forward(self, inputs):
        hidden = self.b(torch.erf(2 * self.a(inputs)))
        return self.head((torch.sin(3 * hidden) + torch.cos(hidden)).flatten(1))

    return stack(kit, forward)


@blueprint()
def unknown_bessel_and_atan(kit: Kit):
    def forward(self, inputs):
        first = torch.special.i0e(2 * self.a(inputs))
        return self.head(torch.atan2(self.b(first), 0.3 + first).flatten(1)) + torch.atan(self.c(inputs.flatten(1)))

    net = stack(kit, forward)
    net.c = kit.dense(kit.channels)
    return net
