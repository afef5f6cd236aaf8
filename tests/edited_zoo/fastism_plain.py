"""fastISM's tests: one output from a stack, several outputs, the published models, blocks within blocks."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edited_zoo.fastism_kit import Constant, case, conv, crop, dense, head, same
from zoo.kit import Net


def stack(name: str, *layers, length: int = 100, heads=(0,)):
    """A case that is a stack; `layers` are functions, so that each build draws its own weights."""
    return case(name, length=length, heads=heads)(lambda: nn.Sequential(*(layer() for layer in layers)))


def pool(size: int):
    return lambda: nn.MaxPool1d(size)


STACKS = [
    stack("conv_fc", lambda: conv(4, 20, 3), lambda: dense(1)),
    stack("conv_same_padding_fc", lambda: same(4, 20, 3), lambda: dense(1)),
    stack("conv_even_kernel_fc", lambda: conv(4, 20, 4), lambda: dense(1)),
    stack("conv_even_kernel_same_padding_fc", lambda: same(4, 20, 4), lambda: dense(1)),
    stack("conv_dilated_fc", lambda: conv(4, 20, 3, dilation=3), lambda: dense(1)),
    stack("conv_maxpool_fc", lambda: conv(4, 10, 7), pool(3), lambda: dense(2), heads=(0, 1)),
    stack("conv_two_maxpool_fc", lambda: conv(4, 10, 7), pool(3), pool(2), lambda: dense(2), heads=(0, 1)),
    stack(
        "two_conv_maxpool_fc",
        lambda: same(4, 10, 7),
        pool(3),
        lambda: conv(10, 10, 3),
        pool(2),
        lambda: dense(2),
        heads=(0, 1),
    ),
]


@case()
def conv_fc_sequential():
    model = nn.Sequential()
    model.add_module("conv", conv(4, 20, 3))
    model.add_module("flat", nn.Flatten())
    model.add_module("dense", nn.LazyLinear(1))
    return model


def four(first, *rest) -> nn.Module:
    """The first convolution and its pool lead nowhere: the second reads the inputs again, as the original has it."""

    def forward(self, x):
        self.unread(x)
        return self.rest(x)

    return Net(forward, unread=nn.Sequential(first, nn.MaxPool1d(2)), rest=nn.Sequential(*rest))


@case(length=200)
def four_conv_maxpool_two_fc_1():
    rest = [same(4, 20, 4), nn.MaxPool1d(2), conv(20, 30, 2), nn.MaxPool1d(2), same(30, 10, 6), nn.MaxPool1d(2)]
    return four(same(4, 10, 7), *rest, dense(20, 1))


@case(length=200)
def four_conv_maxpool_two_fc_2():
    rest = [same(4, 25, 4), nn.ReLU(), nn.MaxPool1d(2), conv(25, 30, 2, dilation=2), nn.Tanh(), nn.MaxPool1d(2)]
    return four(same(4, 10, 3, dilation=3), *rest, same(30, 10, 6), nn.MaxPool1d(2), dense(20, 1))


@case(length=200)
def four_conv_maxpool_two_fc_3():
    rest = [same(4, 25, 4), nn.ReLU(), nn.MaxPool1d(2), conv(25, 30, 2, dilation=2, bias=False), nn.Tanh()]
    rest += [nn.MaxPool1d(2), same(30, 10, 3), nn.MaxPool1d(2), dense(10, 1)]
    return four(same(4, 10, 5, bias=False), *rest)


def tail(before: int) -> list[nn.Module]:
    """From the second convolution to the output, with dropout and a mean over positions."""
    return [
        same(before, 25, 4),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.MaxPool1d(2),
        conv(25, 30, 2, dilation=2, bias=False),
        nn.Tanh(),
        nn.MaxPool1d(2),
        nn.Dropout(0.8),
        same(30, 10, 3),
        nn.MaxPool1d(2),
        nn.AdaptiveAvgPool1d(1),
        nn.Flatten(),
        nn.Linear(10, 10),
        nn.Dropout(0.3),
        nn.Linear(10, 1),
    ]


@case(length=200)
def four_conv_maxpool_two_fc_4():
    return four(same(4, 10, 5, bias=False), *tail(4))


@case(length=200, block=10)
def pre_act_four_conv_maxpool_two_fc_4_10bp():
    def forward(self, x):
        self.unread(torch.tanh(x))
        return self.rest(x)

    return Net(forward, unread=nn.Sequential(same(4, 10, 5, bias=False), nn.MaxPool1d(2)), rest=nn.Sequential(*tail(4)))


@case(length=200)
def pre_act_four_conv_maxpool_two_fc_4_sequential():
    return nn.Sequential(nn.Tanh(), same(4, 10, 5, bias=False), nn.MaxPool1d(2), *tail(10))


def heads_of(trunk: nn.Module, *heads: nn.Module) -> nn.Module:
    """Several heads on one trunk."""

    def forward(self, x):
        x = self.trunk(x)
        return [head(x) for head in self.heads]

    return Net(forward, trunk=trunk, heads=nn.ModuleList(heads))


@case("multi_out_conv_two_fc", heads=(head(0), head(1)))
def conv_two_fc():
    return heads_of(conv(4, 20, 3), dense(1), dense(1))


@case("multi_out_conv_three_fc", heads=(head(0), head(1), head(2)))
def conv_three_fc():
    return heads_of(conv(4, 20, 3), dense(1), dense(1), dense(1))


@case("multi_out_conv_fc_two_head", heads=(head(0), head(1)))
def conv_fc_two_head():
    return heads_of(nn.Sequential(conv(4, 20, 3), dense(10)), nn.Linear(10, 1), nn.Linear(10, 1))


@case("multi_out_two_conv_fc_per_conv", heads=(head(0), head(1)))
def two_conv_fc_per_conv():
    return heads_of(conv(4, 20, 3), dense(1), nn.Sequential(conv(20, 20, 3), dense(1)))


@case("multi_out_three_conv_maxpool_fc_per_conv", heads=(head(0), head(1), head(2)))
def three_conv_maxpool_fc_per_conv():
    def forward(self, x):
        first = self.first(x)
        second = self.second(first)
        return self.a(first), self.b(second), self.c(self.third(second))

    blocks = {
        "first": nn.Sequential(same(4, 20, 3), nn.MaxPool1d(2)),
        "second": nn.Sequential(same(20, 10, 4), nn.MaxPool1d(2)),
        "third": nn.Sequential(conv(10, 10, 3), nn.MaxPool1d(3)),
    }
    return Net(forward, **blocks, a=dense(1), b=dense(1), c=dense(1))


@case("multi_out_input_split_conv_fc", heads=(head(0), head(1)))
def input_split_conv_fc():
    return heads_of(nn.Identity(), nn.Sequential(conv(4, 20, 3), dense(1)), nn.Sequential(conv(4, 10, 4), dense(1)))


def split_complex() -> nn.Module:
    def forward(self, x):
        shared = self.shared(x)
        return self.a(shared), self.b(shared), self.c(x)

    return Net(
        forward,
        shared=nn.Sequential(conv(4, 20, 3, dilation=2), nn.MaxPool1d(2)),
        a=nn.Sequential(conv(20, 20, 3, dilation=3), nn.MaxPool1d(2), dense(5)),
        b=nn.Sequential(same(20, 15, 2), nn.ReLU(), nn.MaxPool1d(2), dense(5, 2), nn.Tanh()),
        c=nn.Sequential(same(4, 10, 4), nn.MaxPool1d(3), dense(1)),
    )


THREE = (head(0, 4), head(1, 1), head(2))
SPLIT = [
    case("multi_out_input_split_complex", heads=THREE)(split_complex),
    case("multi_out_input_split_complex_10bp", heads=THREE, block=10)(split_complex),
]


def basset(*, factorized: bool = False) -> nn.Module:
    """As in the package, a twentieth as wide."""
    layers, width = [], 4
    plan = [([3, 3, 3, 7, 7], 3), ([7, 3, 3], 4), ([7], 4)] if factorized else [([19], 3), ([11], 4), ([7], 4)]
    for sizes, pooled in plan:
        for size in sizes:
            norm = [nn.BatchNorm1d(12), nn.ReLU()] if factorized else [nn.ReLU(), nn.BatchNorm1d(12)]
            layers += [same(width, 12, size), *norm]
            width = 12
        layers.append(nn.MaxPool1d(pooled))
    layers += [nn.Flatten(), nn.LazyLinear(20), nn.ReLU(), nn.BatchNorm1d(20)]
    return nn.Sequential(*layers, nn.Linear(20, 20), nn.ReLU(), nn.BatchNorm1d(20), nn.Linear(20, 1))


class BPNet(nn.Module):
    """As in the package, 10 channels instead of 64: profile by a transposed convolution, counts."""

    def __init__(self, dilated: int):
        super().__init__()
        self.first = same(4, 10, 25)
        self.dilated = nn.ModuleList(same(10, 10, 3, dilation=2**i) for i in range(dilated))
        self.profile, self.counts = nn.ConvTranspose2d(10, 1, (25, 1), padding=(12, 0)), nn.Linear(10, 1)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = F.relu(self.first(x))
        for layer in self.dilated:
            x = F.relu(layer(x)) + x
        profile = self.profile(x.reshape(x.shape[0], 10, -1, 1))
        return [profile.flatten(1), self.counts(F.adaptive_avg_pool1d(x, 1).flatten(1))]


class DenseBPNet(nn.Module):
    """Every dilated layer reads the sum of all before it, cropped; heads that see a control, too."""

    def __init__(self, dilated: int, length: int):
        super().__init__()
        self.length = length
        self.first = conv(4, 8, 21)
        self.dilated = nn.ModuleList(conv(8, 8, 3, dilation=2**i) for i in range(1, dilated + 1))
        self.profile, self.mix = conv(8, 2, 75), conv(4, 2, 1)
        self.counts = nn.Linear(10, 2)
        self.control_profile, self.control_counts = Constant(2, length), Constant(2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        seen = [F.relu(self.first(x))]
        for layer in self.dilated:
            fresh = F.relu(layer(torch.stack(seen).sum(dim=0)))
            cut = seen[0].shape[-1] // 2 - fresh.shape[-1] // 2
            seen = [*(crop(one, cut, cut) for one in seen), fresh]
        x = torch.stack(seen).sum(dim=0)
        profile = self.profile(x)
        cut = (profile.shape[-1] - self.length) // 2
        profile = self.mix(torch.cat([crop(profile, cut, cut), self.control_profile(x)], dim=1))
        return profile, self.counts(torch.cat([x.mean(dim=2), self.control_counts(x)], dim=1))


PUBLISHED = [
    case("example_basset_200", length=200)(basset),
    case("example_basset_500", length=500)(basset),
    case("example_factorized_basset_200", length=200)(lambda: basset(factorized=True)),
    case("example_factorized_basset_500", length=500)(lambda: basset(factorized=True)),
    case("example_bpnet_5_dilated_500", length=500, heads=(head(0, 250), head(1)))(lambda: BPNet(5)),
    case("example_bpnet_9_dilated_100", heads=(head(0, 50), head(1)))(lambda: BPNet(9)),
    case("example_bpnet_9_dilated_500", length=500, heads=(head(0, 3), head(1)))(lambda: BPNet(9)),
    case("example_bpnet_dense_2_672", length=672, heads=(head(0, 250), head(1, 1)))(lambda: DenseBPNet(2, 500)),
    case("example_bpnet_dense_6_1346", length=1346, heads=(head(0, 1499), head(1, 0)))(lambda: DenseBPNet(6, 1000)),
]


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = same(20, 20, 3)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x)


class Joined(nn.Module):
    """A block of two inputs within the model: their sum, sum and maximum, or difference."""

    def __init__(self, how: str):
        super().__init__()
        self.how = how

    def forward(self, a: Tensor, b: Tensor):
        return {"add": a + b, "add_max": (a + b, torch.maximum(a, b)), "sub": b - a}[self.how]


def nested(name: str, *blocks):
    """Blocks, each a module of its own, a pool, then a block of dense layers."""
    parts = lambda: [same(4, 20, 3), *(block() for block in blocks), nn.MaxPool1d(3), dense(10, 1)]  # noqa: E731
    return case(f"nested_{name}", length=108)(lambda: nn.Sequential(*parts()))


def joined(how: str):
    def build() -> nn.Module:
        def forward(self, x):
            a = self.first(x)
            both = self.join(a, self.second(a))
            both = both[0] + both[1] if isinstance(both, tuple) else both
            return self.tail(both)

        tail_block = nn.Sequential(nn.MaxPool1d(3), dense(10, 1))
        return Net(forward, first=same(4, 20, 3), second=same(20, 20, 3), join=Joined(how), tail=tail_block)

    return case(f"nested_conv_my_{how}_mxp_two_fc", length=108)(build)


@case("nested_three_conv_two_fc", length=108)
def three_conv_two_fc():
    layers = []
    for before, size in ((4, 3), (20, 5), (20, 9)):
        layers += [same(before, 20, size), nn.MaxPool1d(3)]
    return nn.Sequential(nn.Sequential(*layers), dense(10, 1))


NESTED = [
    nested("conv_res_mxp_two_fc", Residual),
    nested("conv_doub_res_mxp_two_fc", lambda: nn.Sequential(Residual(), Residual())),
    joined("add"),
    joined("add_max"),
    joined("sub"),
]


@case("unresolved_stop_multi_input")
def stop_multi_input():
    """Rows through a dense layer, added to what they were."""

    def forward(self, x):
        x = self.conv(x)
        return self.out((x + self.rows(x.transpose(1, 2)).transpose(1, 2)).flatten(1))

    return Net(forward, conv=same(4, 10, 3), rows=nn.Linear(10, 10), out=nn.LazyLinear(1))
