"""Models that are hard to trace, or that do what no rule foresees: they must be recomputed, and never be wrong."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edited_zoo.kit import network
from zoo.kit import Net


@network()
def branch_on_values():
    """The path depends on the numbers."""

    def forward(self, x):
        x = self.conv(x)
        if float(x.abs().sum()) > 0:
            x = F.relu(x)
        return self.head(x.flatten(1))

    return Net(forward, conv=nn.Conv1d(4, 8, 5), head=nn.LazyLinear(1))


@network()
def one_example_at_a_time():
    def forward(self, x):
        return torch.stack([self.head(F.relu(self.conv(one)).amax(dim=1)) for one in x])

    return Net(forward, conv=nn.Conv1d(4, 8, 5), head=nn.Linear(8, 1))


@network()
def through_numpy():
    def forward(self, x):
        hidden = F.relu(self.conv(x)).detach().numpy()
        return self.head(torch.from_numpy(hidden**2).mean(dim=2))

    return Net(forward, conv=nn.Conv1d(4, 8, 5), head=nn.Linear(8, 1))


class Twice(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        return x * 2

    @staticmethod
    def backward(ctx, slope: Tensor) -> Tensor:
        return slope * 2


@network()
def custom_function():
    def forward(self, x):
        return self.head(F.relu(self.conv(Twice.apply(x))).flatten(1))

    return Net(forward, conv=nn.Conv1d(4, 8, 5), head=nn.LazyLinear(1))


@network()
def forward_hook():
    """A hook of the user's changes what a layer puts out."""
    model = nn.Sequential(nn.Conv1d(4, 8, 5), nn.ReLU(), nn.Conv1d(8, 6, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(1))
    model[2].register_forward_hook(lambda module, inputs, outputs: outputs.flip(2) + inputs[0][..., 1:-1].mean(1, True))
    return model


@network()
def forward_without_gradient():
    class Frozen(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.head = nn.Conv1d(4, 8, 5), nn.LazyLinear(1)

        @torch.no_grad()
        def forward(self, x: Tensor) -> Tensor:
            return self.head(F.relu(self.conv(x)).flatten(1))

    return Frozen()


@network()
def tied_weights():
    """One tensor of weights in two layers, and its transpose in a third."""
    first, second = nn.Conv1d(4, 8, 5, padding=2), nn.Conv1d(4, 8, 5, padding=2)
    second.weight = first.weight

    def forward(self, x):
        x = F.relu(self.first(x)) - F.relu(self.second(x.flip(2)))
        return F.conv_transpose1d(x, self.first.weight).mean(dim=2)

    return Net(forward, first=first, second=second)


@network()
def embedded_bases():
    """The one-hot code is turned back into letters, which are embedded."""

    def forward(self, x):
        x = self.embed(x.argmax(dim=1)).transpose(1, 2)
        return self.head(F.relu(self.conv(x)).flatten(1))

    return Net(forward, embed=nn.Embedding(4, 6), conv=nn.Conv1d(6, 8, 5), head=nn.LazyLinear(1))


@network(length=50)
def embedded_words():
    """Overlapping words of three letters are the tokens."""

    def forward(self, x):
        codes = x.argmax(dim=1)
        words = 16 * codes[:, :-2] + 4 * codes[:, 1:-1] + codes[:, 2:]
        return self.head(torch.tanh(self.embed(words)).mean(dim=1))

    return Net(forward, embed=nn.Embedding(64, 8), head=nn.Linear(8, 2))


@network()
def written_into_a_buffer():
    """An empty tensor is filled piece by piece."""

    def forward(self, x):
        hidden = F.relu(self.conv(x))
        table = hidden.new_zeros(hidden.shape[0], 8, 60)
        table[:, :, 2:-2] = hidden
        table[:, 3, ::2] += x[:, 1, ::2]
        table[:, 0] = 1.5
        return self.head(table.flatten(1))

    return Net(forward, conv=nn.Conv1d(4, 8, 5), head=nn.LazyLinear(1))


@network()
def weights_made_from_the_inputs():
    """A filter that the sequence itself decides (dynamic convolution, by groups)."""

    def forward(self, x):
        batch, _, places = x.shape
        filters = torch.tanh(self.make(x.mean(dim=2))).view(batch * 3, 4, 5)
        found = F.conv1d(x.reshape(1, batch * 4, places), filters, groups=batch).view(batch, 3, -1)
        return self.head(F.relu(found).mean(dim=2))

    return Net(forward, make=nn.Linear(4, 60), head=nn.Linear(3, 1))


@network()
def nearest_neighbour_scores():
    """Distances to stored columns, as prototype networks have."""

    def forward(self, x):
        rows = self.conv(x).transpose(1, 2)
        return self.head(torch.exp(-torch.cdist(rows, self.prototypes).pow(2)).amax(dim=1))

    return Net(forward, conv=nn.Conv1d(4, 4, 5), prototypes=torch.randn(1, 6, 4), head=nn.Linear(6, 1))


@network(length=50)
def written_out_by_comparisons():
    """Masks and gathers over sorted positions."""

    def forward(self, x):
        hidden = F.relu(self.conv(x))
        order = hidden.sum(dim=1).argsort(dim=1, descending=True)[:, :8]
        best = torch.gather(hidden, 2, order.unsqueeze(1).expand(-1, 8, -1))
        mask = torch.arange(8) < 5
        return self.head(best.masked_fill(~mask, 0).mean(dim=2))

    return Net(forward, conv=nn.Conv1d(4, 8, 5), head=nn.Linear(8, 1))


@network()
def large_constant():
    """Effects of a thousandth beside a score of thousands: plain subtraction in single precision loses them."""

    def forward(self, x):
        return self.head(F.relu(self.conv(x)).flatten(1)) + 5000.0

    return Net(forward, conv=nn.Conv1d(4, 8, 5), head=nn.LazyLinear(1))
