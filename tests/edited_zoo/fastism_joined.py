"""fastISM's tests: skip connections, croppings, early stops, and inputs beside the sequence."""

import torch
import torch.nn.functional as F
from torch import nn

from edited_zoo.fastism_kit import Constant, case, conv, crop, dense, head, place, same
from edited_zoo.fastism_plain import BPNet
from zoo.kit import Net


@case("skip_conv_add_two_fc")
def skip_add():
    def forward(self, x):
        x = self.a(x)
        return self.out(x + self.b(x))

    return Net(forward, a=conv(4, 20, 3), b=same(20, 20, 3), out=dense(1))


@case("skip_conv_self_add_two_fc")
def skip_self_add():
    def forward(self, x):
        x = self.b(self.a(x))
        return self.out(x + x)

    return Net(forward, a=conv(4, 20, 3), b=same(20, 20, 3), out=dense(1))


@case("skip_conv_add_three_fc")
def skip_add_three():
    def forward(self, x):
        x = self.a(x)
        return self.out(x + self.b(x) + self.c(x))

    return Net(forward, a=conv(4, 20, 3), b=same(20, 20, 3), c=same(20, 20, 5), out=dense(1))


@case("skip_then_mxp", heads=(place(0), place(77)))
def skip_then_pool():
    """Rows of a dense layer come out, (batch, 32, 5)."""

    def forward(self, x):
        x = self.a(x)
        return self.out(F.max_pool1d(x + self.b(x), 3).transpose(1, 2))

    return Net(forward, a=conv(4, 20, 3), b=same(20, 20, 3), out=nn.Linear(20, 5))


def grown(self, x):
    """The first half of the small dense networks."""
    x = self.a(x)
    once = x + self.b(x)
    return x + once + self.c(once)


def dense_net_1() -> nn.Module:
    return Net(
        lambda self, x: self.out(grown(self, x)), a=conv(4, 20, 3), b=same(20, 20, 3), c=same(20, 20, 5), out=dense(1)
    )


def dense_net_2() -> nn.Module:
    def forward(self, x):
        x = self.d(F.max_pool1d(grown(self, x), 3))
        best = torch.maximum(x, self.e(x))
        return self.out(x + best + self.f(best))

    first = {"a": conv(4, 20, 3), "b": same(20, 20, 3), "c": same(20, 20, 5)}
    return Net(forward, **first, d=conv(20, 10, 2), e=same(10, 10, 7), f=same(10, 10, 4), out=dense(1))


def stop_skip() -> nn.Module:
    """Two dense layers on the sum and on one of its parts."""

    def forward(self, x):
        a, b = self.a(x), self.b(x)
        return self.first(a + b) + self.second(b)

    return Net(forward, a=conv(4, 20, 3), b=conv(4, 20, 3), first=dense(10), second=dense(10))


SKIPS = [
    case("skip_mini_dense_net_1")(dense_net_1),
    case("skip_mini_dense_net_2")(dense_net_2),
    case("skip_two_conv_addstop_stop_skip_fc", heads=(0, 9))(stop_skip),
]


def cropped(name: str, *crops: tuple[int, int]):
    """A convolution, croppings, a dense layer."""

    def build() -> nn.Module:
        def forward(self, x):
            x = self.a(x)
            for left, right in crops:
                x = crop(x, left, right)
            return self.out(x)

        return Net(forward, a=conv(4, 20, 3), out=dense(1))

    return case(f"crop_{name}")(build)


CROPS = [
    cropped("conv_crop_even_fc", (4, 4)),
    cropped("conv_crop_odd_fc", (5, 3)),
    cropped("conv_crop_even_odd_fc", (4, 5)),
    cropped("conv_double_crop_fc", (2, 0), (1, 3)),
]


@case("crop_conv_crop_add_two_fc")
def crop_add():
    def forward(self, x):
        x = self.a(x)
        return self.out(crop(x, 1, 1) + self.b(x))

    return Net(forward, a=conv(4, 20, 3), b=conv(20, 20, 3), out=dense(1))


@case("crop_conv_add_three_fc")
def crop_add_three():
    def forward(self, x):
        x = self.a(x)
        return self.out(crop(x, 1, 3) + crop(self.b(x), 2, 0) + self.c(x))

    return Net(forward, a=conv(4, 20, 3), b=conv(20, 20, 3), c=conv(20, 20, 5), out=dense(1))


@case("crop_skip_crop_then_crop_mxp", heads=(place(3), place(101)))
def crop_then_pool():
    def forward(self, x):
        x = self.a(x)
        x = crop(crop(x, 0, 2) + self.b(x), 1, 1)
        return self.out(F.max_pool1d(x, 3).transpose(1, 2))

    return Net(forward, a=conv(4, 20, 3), b=conv(20, 20, 3), out=nn.Linear(20, 5))


def grown_and_cropped(self, x):
    once = crop(x, 1, 1) + self.b(x)
    return crop(x, 2, 4) + crop(once, 2, 2) + self.c(once)


@case("crop_mini_dense_net_1")
def crop_dense_net_1():
    return Net(
        lambda self, x: self.out(grown_and_cropped(self, self.a(x))),
        a=conv(4, 20, 3),
        b=conv(20, 20, 3),
        c=conv(20, 20, 5),
        out=dense(1),
    )


@case("crop_mini_dense_net_2")
def crop_dense_net_2():
    def forward(self, x):
        x = self.a(x)
        second = self.d(F.max_pool1d(grown_and_cropped(self, x), 3))
        best = torch.maximum(second, self.e(second))
        return self.out(crop(x, 20, 49) + second + best + self.f(best))

    first = {"a": conv(4, 10, 2), "b": conv(10, 10, 3), "c": conv(10, 10, 5)}
    return Net(forward, **first, d=conv(10, 10, 2), e=same(10, 10, 7), f=same(10, 10, 4), out=dense(1))


@case("stop_two_conv_addstop_fc")
def stop_add():
    return Net(lambda self, x: self.out(self.a(x) + self.b(x)), a=conv(4, 20, 3), b=conv(4, 20, 3), out=dense(1))


@case("stop_conv_into_stop_segment")
def stop_segment():
    def forward(self, x):
        x = self.a(x)
        return self.out(self.b(x) + self.c(x))

    return Net(forward, a=conv(4, 20, 3), b=conv(20, 20, 3), c=conv(20, 20, 3), out=dense(1))


@case("stop_two_conv_maxpool_fc", heads=(0, 1))
def stop_pools():
    return nn.Sequential(same(4, 10, 7), nn.MaxPool1d(3), conv(10, 10, 3), nn.MaxPool1d(2), dense(2))


STOPS = [
    case("stop_two_conv_addstop_skip_fc", heads=(3,))(stop_skip),
    case("stop_mini_dense_net")(dense_net_2),
    case("stop_bpnet_5_dilated_100", heads=(head(0, 99), head(1)))(lambda: BPNet(5)),
    case("stop_bpnet_9_dilated_100", heads=(head(0, 0), head(1)))(lambda: BPNet(9)),
]


@case("multi_in_conv_add", heads=(place(0), place(42)))
def constant_added():
    """Another sequence, convolved and added: what fastISM refuses."""

    def forward(self, x):
        return self.out((self.a(x) + self.b(self.other(x))).transpose(1, 2))

    return Net(forward, a=conv(4, 20, 3), b=conv(4, 20, 3), other=Constant(4, 100), out=nn.Linear(20, 1))


def beside(name: str, forward, *, parts, heads=(0,), block: int = 1):
    """A convolution, flattened, and `forward(self, features, example)` which joins it with constants."""

    def build() -> nn.Module:
        return Net(lambda self, x: forward(self, self.conv(x).flatten(1), x), conv=conv(4, 20, 3), **parts())

    return case(f"multi_in_{name}", heads=heads, block=block)(build)


def stagger(self, z, x):
    z = self.first(torch.cat([z, self.u(x)], dim=1))
    return self.out(torch.cat([z, self.v(x)], dim=1))


def interact(self, z, x):
    both = self.u(x) + self.v(x)
    second = self.second(torch.cat([both, self.v(x)], dim=1))
    return self.out(torch.cat([second, self.first(torch.cat([z, both], dim=1))], dim=1))


def three_outputs(self, z, x):
    other = self.process(self.u(x))
    joined = torch.cat([z, other], dim=1)
    hidden = self.first(joined)
    return [self.a(z), self.b(hidden), self.c(torch.cat([hidden, self.second(other)], dim=1))]


def three_parts() -> dict[str, nn.Module]:
    layers = {"process": nn.Linear(10, 10), "first": nn.LazyLinear(10), "second": nn.Linear(10, 10)}
    return {"u": Constant(10), **layers, "a": nn.LazyLinear(1), "b": nn.Linear(10, 1), "c": nn.Linear(20, 1)}


def pair(**layers) -> dict[str, nn.Module]:
    return {"u": Constant(10), "v": Constant(10), **layers}


BESIDE = [
    beside(
        "conv_cat_fc",
        lambda self, z, x: self.out(torch.cat([z, self.u(x)], dim=1)),
        parts=lambda: {"u": Constant(10), "out": nn.LazyLinear(1)},
    ),
    beside(
        "process_conv_cat_fc",
        lambda self, z, x: self.out(torch.cat([z, self.process(self.u(x))], dim=1)),
        parts=lambda: {"u": Constant(10), "process": nn.Linear(10, 10), "out": nn.LazyLinear(1)},
    ),
    beside(
        "two_alt_inp_conv_cat_fc",
        lambda self, z, x: self.out(torch.cat([self.v(x), z, self.u(x)], dim=1)),
        parts=lambda: pair(out=nn.LazyLinear(1)),
    ),
    beside("two_alt_inp_conv_stagger", stagger, parts=lambda: pair(first=nn.LazyLinear(10), out=nn.Linear(20, 1))),
    beside(
        "two_alt_interact",
        lambda self, z, x: self.out(torch.cat([z, self.u(x) + self.v(x)], dim=1)),
        parts=lambda: pair(out=nn.LazyLinear(1)),
    ),
    beside(
        "one_alt_conv_cat_twice_fc",
        lambda self, z, x: self.out(torch.cat([self.u(x), self.first(torch.cat([z, self.u(x)], dim=1))], dim=1)),
        parts=lambda: {"u": Constant(10), "first": nn.LazyLinear(10), "out": nn.Linear(20, 1)},
    ),
    beside(
        "two_alt_interact_complex",
        interact,
        parts=lambda: pair(first=nn.LazyLinear(20), second=nn.Linear(20, 10), out=nn.Linear(30, 1)),
    ),
    beside("one_alt_double_cat_three_out", three_outputs, parts=three_parts, heads=(head(0), head(1), head(2))),
    beside(
        "one_alt_double_cat_three_out_10bp",
        three_outputs,
        parts=three_parts,
        heads=(head(0), head(1), head(2)),
        block=10,
    ),
]
