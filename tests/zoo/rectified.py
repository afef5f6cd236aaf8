"""Linear and piecewise linear networks: every way to write a rectifier."""

import torch
import torch.nn.functional as F
from torch import nn

from zoo.kit import Kit, Net, blueprint


@blueprint(linear=True, seed=1)
def linear_convolution(kit: Kit):
    return nn.Sequential(
        kit.stem(5), kit.layer("BatchNorm", 5), kit.layer("AvgPool", 2), nn.Flatten(), kit.dense(5, stride=2)
    )


@blueprint(linear=True, outputs=3)
def linear_operations(kit: Kit):
    def forward(self, inputs):
        hidden = self.up(self.stem(inputs))
        hidden = F.interpolate(hidden, scale_factor=0.5, mode="nearest").cumsum(dim=-1)
        hidden = torch.cat([hidden, -2 * hidden.flip(-1).roll(1, -1)], dim=1).flatten(2)
        wide = inputs.new_ones(len(inputs), 8, hidden.shape[2] + 2)
        wide[:, :, 1:-1] = hidden
        return torch.einsum("bcl,oc->bol", wide - wide.mean(dim=1, keepdim=True), self.mix).mean(dim=2)

    return Net(
        forward, stem=kit.stem(4), up=kit.layer("ConvTranspose", 4, 4, 2, stride=2), mix=nn.Parameter(torch.randn(3, 8))
    )


@blueprint(relu_without_bias=True)
def convolution_without_bias(kit: Kit):
    return nn.Sequential(
        kit.stem(6, bias=False),
        nn.ReLU(),
        kit.layer("MaxPool", 2),
        nn.Flatten(),
        kit.dense(6, stride=2, bias=False),
    )


@blueprint(relu_without_bias=True, outputs=3)
def perceptron_without_bias(kit: Kit):
    return nn.Sequential(
        nn.Flatten(),
        kit.dense(kit.channels, 8, bias=False),
        nn.ReLU(),
        nn.Linear(8, 6, bias=False),
        nn.ReLU(inplace=True),
        nn.Linear(6, 3, bias=False),
    )


@blueprint(relu_without_bias=True, outputs=1)
def residual_without_bias(kit: Kit):
    def forward(self, inputs):
        first = F.relu(self.stem(inputs))
        return (first + torch.relu(self.body(first))).mean(dim=kit.axes).mul(self.scale).sum(dim=1)

    return Net(
        forward, stem=kit.stem(6, bias=False), body=kit.conv(6, 6, bias=False), scale=nn.Parameter(torch.randn(6))
    )


@blueprint(piecewise_linear=True)
def relu_modules(kit: Kit):
    return nn.Sequential(
        kit.stem(6, 5, padding="same"),
        nn.ReLU(),
        kit.conv(6, 6),
        nn.ReLU(inplace=True),
        kit.layer("MaxPool", 2),
        nn.Flatten(),
        kit.dense(6, stride=2),
    )


@blueprint(piecewise_linear=True, outputs=1)
def relu_functions(kit: Kit):
    def forward(self, inputs):
        hidden = F.relu(self.a(inputs))
        hidden = torch.relu(self.b(hidden))
        hidden = self.c(hidden).relu()
        return F.relu(self.d(hidden), inplace=True).amax(dim=kit.axes).sum(dim=1)

    return Net(forward, a=kit.stem(4), b=kit.conv(4, 4), c=kit.conv(4, 4), d=kit.conv(4, 4))


@blueprint(piecewise_linear=True)
def relu_in_place(kit: Kit):
    def forward(self, inputs):
        hidden = self.a(inputs)
        hidden.relu_()
        hidden = self.b(hidden)
        hidden *= 2
        F.relu_(hidden.sub_(0.1))
        return self.head(torch.relu_(self.c(hidden)).flatten(1)).clamp_(min=-4)

    return Net(forward, a=kit.stem(5), b=kit.conv(5, 5), c=kit.conv(5, 5), head=kit.dense(5))


@blueprint(piecewise_linear=True)
def residual_in_place(kit: Kit):
    """A block of ResNet, word for word: one in-place module, used again after the sum."""

    def forward(self, inputs):
        identity = self.relu(self.stem(inputs))
        out = self.relu(self.norm_a(self.a(identity)))
        out = self.norm_b(self.b(out))
        out += identity
        out = self.relu(out)
        return self.head(out.mean(dim=kit.axes))

    return Net(
        forward,
        stem=kit.stem(5),
        relu=nn.ReLU(inplace=True),
        a=kit.conv(5, 5, bias=False),
        norm_a=kit.layer("BatchNorm", 5),
        b=kit.conv(5, 5, bias=False),
        norm_b=kit.layer("BatchNorm", 5),
        head=nn.Linear(5, 2),
    )


@blueprint(piecewise_linear=True)
def relu_reused(kit: Kit):
    relu = nn.ReLU()
    shared = kit.conv(6, 6)
    return nn.Sequential(kit.stem(6), relu, shared, relu, shared, relu, nn.Flatten(), kit.dense(6))


@blueprint(piecewise_linear=True)
def clamps(kit: Kit):
    def forward(self, inputs):
        hidden = self.a(inputs).clamp(min=0)
        hidden = torch.clamp(self.b(hidden), -0.3, 0.4)
        hidden = F.threshold(self.c(hidden).clamp_min(0.0).clamp_max(0.8), 0.1, 0.1)
        return self.head(hidden.flatten(1)).clamp_(max=5)

    return Net(forward, a=kit.stem(5), b=kit.conv(5, 5), c=kit.conv(5, 5), head=kit.dense(5))


@blueprint(piecewise_linear=True)
def leaky_rectifiers(kit: Kit):
    def forward(self, inputs):
        hidden = F.leaky_relu(self.a(inputs), 0.2)
        hidden = F.relu6(self.relu6(8 * self.prelu(self.b(hidden))))
        hidden = F.hardtanh(self.c(self.leaky(hidden - 1)), -0.7, 0.5)
        return self.head(self.hardtanh(2 * hidden).flatten(1))

    return Net(
        forward,
        a=kit.stem(5),
        b=kit.conv(5, 5),
        c=kit.conv(5, 5),
        prelu=nn.PReLU(5),
        relu6=nn.ReLU6(),
        leaky=nn.LeakyReLU(0.1),
        hardtanh=nn.Hardtanh(),
        head=kit.dense(5),
    )


@blueprint(piecewise_linear=True)
def maximum_and_minimum(kit: Kit):
    def forward(self, inputs):
        first, second = self.a(inputs), self.b(inputs)
        hidden = torch.cat([torch.maximum(first, second), torch.minimum(first, 2 * second)], dim=1)
        hidden = torch.max(hidden, torch.zeros_like(hidden)) - torch.fmax(-hidden, hidden.new_tensor(0.1))
        return self.head(torch.abs(hidden).flatten(1))

    return Net(forward, a=kit.stem(4), b=kit.stem(4), head=kit.dense(8))


@blueprint(piecewise_linear=True)
def where_without_a_jump(kit: Kit):
    def forward(self, inputs):
        hidden = self.a(inputs)
        hidden = torch.where(hidden > 0, hidden, 0.1 * hidden)
        return self.head(torch.where(self.keep, hidden, 0.5).flatten(1))

    return Net(forward, a=kit.stem(5), keep=torch.arange(kit.shape[-1]) % 4 > 0, head=kit.dense(5))


@blueprint(continuous=False)
def where_with_a_jump(kit: Kit):
    def forward(self, inputs):
        first, second, gate = self.a(inputs), self.b(inputs), self.gate(inputs)
        hidden = torch.where(gate > 0.1, first, second.tanh())
        hidden = hidden * (hidden > -0.2)
        return self.head(hidden.flatten(1))

    return Net(forward, a=kit.stem(4), b=kit.stem(4), gate=kit.stem(4), head=kit.dense(4))
