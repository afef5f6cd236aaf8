"""How layers are joined: branches, concatenation, gates, channels dealt anew, in place, and what nobody reads."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edited_zoo.kit import network
from zoo.kit import Net


@network()
class Inception(nn.Module):
    """Branches with kernels of several sizes, and a pool, concatenated."""

    def __init__(self):
        super().__init__()
        self.branches = nn.ModuleList(nn.Conv1d(4, 4, size, padding=size // 2) for size in (1, 3, 7, 11))
        self.pooled = nn.Sequential(nn.MaxPool1d(3, stride=1, padding=1), nn.Conv1d(4, 3, 1))
        self.mix, self.head = nn.Conv1d(19, 8, 3, stride=2), nn.LazyLinear(2)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.cat([branch(x) for branch in self.branches] + [self.pooled(x)], dim=1)
        return self.head(F.relu(self.mix(F.relu(x))).flatten(1))


@network()
class DenseNet(nn.Module):
    """Every layer reads all before it."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv1d(4, 6, 5, padding=2)
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) for width in (6, 9, 12))
        self.convs = nn.ModuleList(
            nn.Conv1d(width, 3, 3, padding=d, dilation=d) for width, d in ((6, 1), (9, 2), (12, 4))
        )
        self.head = nn.Linear(15, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for norm, conv in zip(self.norms, self.convs, strict=True):
            x = torch.cat((x, conv(F.relu(norm(x)))), 1)
        return self.head(F.relu(x).mean(2))


@network()
def glu_over_channels():
    def forward(self, x):
        x = F.glu(self.conv1(x), dim=1)
        return self.head(F.glu(self.conv2(x), dim=1).flatten(1))

    return Net(forward, conv1=nn.Conv1d(4, 16, 5), conv2=nn.Conv1d(8, 12, 3), head=nn.LazyLinear(1))


@network()
def chunk_and_multiply():
    def forward(self, x):
        a, b = self.conv(x).chunk(2, dim=1)
        return self.head((a * torch.sigmoid(b)).flatten(1))

    return Net(forward, conv=nn.Conv1d(4, 16, 5), head=nn.LazyLinear(1))


@network()
def split_and_stack():
    def forward(self, x):
        a, b, c = torch.split(self.conv(x), [4, 4, 8], dim=1)
        both = torch.stack([F.relu(a), torch.tanh(b)], dim=1).sum(dim=1)
        return self.head(torch.cat([both, F.elu(c)], dim=1).flatten(1))

    return Net(forward, conv=nn.Conv1d(4, 16, 5), head=nn.LazyLinear(1))


@network()
def channels_shuffled():
    """ShuffleNet: grouped convolutions with the channels dealt anew between them."""

    def forward(self, x):
        x = F.relu(self.conv1(x))
        batch, width, places = x.size()
        x = x.view(batch, 2, width // 2, places).transpose(1, 2).contiguous().view(batch, width, places)
        return self.head(F.relu(self.conv2(x)).flatten(1))

    return Net(
        forward,
        conv1=nn.Conv1d(4, 8, 5, groups=2),
        conv2=nn.Conv1d(8, 8, 3, padding=1, groups=2),
        head=nn.LazyLinear(1),
    )


@network()
def channels_picked():
    """Some channels by index, some flipped, some rolled along the positions."""

    def forward(self, x):
        x = F.relu(self.conv(x))
        x = x[:, [3, 1, 4, 0, 5]] + x.index_select(1, self.order) * x.flip(1)[:, :5]
        return self.head(torch.roll(x, 3, dims=2).flatten(1))

    return Net(forward, conv=nn.Conv1d(4, 8, 5), order=torch.tensor([2, 2, 0, 7, 6]), head=nn.LazyLinear(1))


@network()
def added_in_place():
    def forward(self, x):
        x = self.conv1(x)
        kept = x
        x = torch.relu_(self.conv2(x))
        x += kept
        x *= 0.5
        return self.head(x.clamp_(min=-0.3).flatten(1))

    return Net(forward, conv1=nn.Conv1d(4, 8, 5), conv2=nn.Conv1d(8, 8, 3, padding=1), head=nn.LazyLinear(1))


@network()
def inputs_changed_in_place():
    def forward(self, x):
        x.sub_(0.25)
        x[:, 0] *= 2
        return self.head(F.relu(self.conv(x)).flatten(1))

    return Net(forward, conv=nn.Conv1d(4, 8, 5), head=nn.LazyLinear(1))


@network()
def inputs_added_again():
    """The inputs join the first and the last layer."""

    def forward(self, x):
        hidden = torch.cat([F.relu(self.conv(x)), x], dim=1)
        return self.head(torch.cat([hidden.flatten(1), x.mean(dim=2)], dim=1))

    return Net(forward, conv=nn.Conv1d(4, 8, 5, padding=2), head=nn.LazyLinear(1))


@network()
def one_layer_used_three_times():
    def forward(self, x):
        x = self.stem(x)
        for _ in range(3):
            x = F.relu(self.again(x))
        return self.head(x.flatten(1))

    return Net(forward, stem=nn.Conv1d(4, 6, 5), again=nn.Conv1d(6, 6, 3, padding=1), head=nn.LazyLinear(1))


@network()
def branch_that_nobody_reads():
    def forward(self, x):
        hidden = F.relu(self.conv(x))
        _ = self.unused(hidden).softmax(dim=2)
        return self.head(hidden.flatten(1))

    return Net(forward, conv=nn.Conv1d(4, 8, 5), unused=nn.Conv1d(8, 8, 5), head=nn.LazyLinear(1))


@network(target=1)
def output_that_costs_nothing():
    """Two heads in one table, one of them linear in the composition."""

    def forward(self, x):
        return torch.cat([self.head(F.relu(self.conv(x)).flatten(1)), self.linear(x.sum(dim=2))], dim=1)

    return Net(forward, conv=nn.Conv1d(4, 8, 5), head=nn.LazyLinear(1), linear=nn.Linear(4, 1))


@network(local=(0, 0))
def inputs_ignored():
    """The same numbers for every sequence."""

    def forward(self, x):
        return self.constant.expand(x.shape[0], -1)

    return Net(forward, constant=nn.Parameter(torch.randn(1, 3)))


@network(local=(0, 0))
def inputs_cancelled():
    """Seen, but multiplied by nothing."""

    def forward(self, x):
        return self.head((self.conv(x) * 0.0).flatten(1))

    return Net(forward, conv=nn.Conv1d(4, 4, 5), head=nn.LazyLinear(1))


@network()
def dense_by_einsum():
    def forward(self, x):
        x = F.relu(torch.einsum("bcl,fck->bfl", x, self.bank) + self.conv(x))
        return torch.einsum("bfl,flo->bo", x, self.head)

    return Net(
        forward,
        bank=nn.Parameter(torch.randn(8, 4, 1)),
        conv=nn.Conv1d(4, 8, 5, padding=2),
        head=nn.Parameter(torch.randn(8, 60, 2) / 20),
    )


@network(seed=3)
def mixture_of_experts():
    """A softmax over the whole weighs the branches."""

    def forward(self, x):
        weights = self.gate(x.mean(dim=2)).softmax(dim=1)
        experts = torch.stack([conv(x).relu().amax(dim=2).sum(dim=1) for conv in self.convs], dim=1)
        return (weights * experts).sum(dim=1, keepdim=True)

    convs = nn.ModuleList(nn.Conv1d(4, 6, size) for size in (3, 6, 9))
    return Net(forward, gate=nn.Linear(4, 3), convs=convs)


@network()
def chosen_while_running():
    """The path depends on the shape, and parts are kept in dictionaries."""

    class Chosen(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleDict(
                {"short": nn.Conv1d(4, 6, 3), "long": nn.Conv1d(4, 6, 9), "out": nn.LazyLinear(1)}
            )

        def forward(self, x: Tensor) -> Tensor:
            x = self.layers["long" if x.shape[-1] > 50 else "short"](x)
            if x.dim() == 3:
                x = F.relu(x)
            return self.layers["out"](x.flatten(1))

    return Chosen()
