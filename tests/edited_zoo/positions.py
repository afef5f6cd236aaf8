"""What is done along the positions: crops, pads, resampling, weights of places, places against places."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edited_zoo.kit import network
from zoo.kit import Net


@network(length=80, local=(25, 52))
def crop_of_the_inputs():
    def forward(self, x):
        return self.head(F.relu(self.conv(x[:, :, 25:52])).flatten(1))

    return Net(forward, conv=nn.Conv1d(4, 8, 7), head=nn.LazyLinear(2))


@network(length=80, local=(6, 71))
def crop_of_a_layer():
    def forward(self, x):
        x = F.relu(self.conv1(x))[..., 10:-10]
        return self.head(F.max_pool1d(F.relu(self.conv2(x)), 5).flatten(1))

    return Net(forward, conv1=nn.Conv1d(4, 8, 9, padding=4), conv2=nn.Conv1d(8, 8, 3), head=nn.LazyLinear(2))


@network(local=(18, 43))
def one_column_of_a_layer():
    def forward(self, x):
        x = F.relu(self.conv1(x))
        return self.head(F.relu(self.conv2(x))[:, :, 30])

    return Net(
        forward,
        conv1=nn.Conv1d(4, 8, 9, padding=4),
        conv2=nn.Conv1d(8, 8, 5, padding=8, dilation=4),
        head=nn.Linear(8, 2),
    )


@network()
def every_other_position():
    def forward(self, x):
        x = F.relu(self.conv(x))
        return self.head((x[:, :, ::2] - x[:, :, 1::2]).flatten(1))

    return Net(forward, conv=nn.Conv1d(4, 8, 5, padding=2), head=nn.LazyLinear(1))


@network()
def difference_of_neighbours():
    def forward(self, x):
        x = F.relu(self.conv(x))
        return self.head(torch.cat([torch.diff(x, dim=2), x[:, :, 3:] * x[:, :, :-3]], dim=2).flatten(1))

    return Net(forward, conv=nn.Conv1d(4, 6, 5), head=nn.LazyLinear(1))


@network()
def padded_by_constants_and_mirrors():
    def forward(self, x):
        x = F.relu(self.conv1(F.pad(x, (3, 5), value=0.25)))
        x = F.relu(self.conv2(F.pad(x, (2, 2), mode="reflect")))
        x = F.pad(x, (-4, 1), "constant", -1.0)
        return self.head(F.pad(x, (1, 0), mode="replicate").flatten(1))

    return Net(forward, conv1=nn.Conv1d(4, 8, 5), conv2=nn.Conv1d(8, 6, 5), head=nn.LazyLinear(1))


@network()
def padding_modules():
    return nn.Sequential(
        nn.ZeroPad1d((4, 0)),
        nn.Conv1d(4, 8, 5),
        nn.ReLU(),
        nn.ReflectionPad1d(3),
        nn.Conv1d(8, 6, 7),
        nn.ReplicationPad1d((0, 2)),
        nn.Flatten(),
        nn.LazyLinear(1),
    )


@network(local=(26, 60))
def causal():
    """Padded on the left and trimmed on the right."""

    class Causal(nn.Module):
        def __init__(self):
            super().__init__()
            self.convs = nn.ModuleList(
                nn.Conv1d(4 if d == 1 else 8, 8, 3, padding=2 * d, dilation=d) for d in (1, 2, 4)
            )
            self.head = nn.LazyLinear(1)

        def forward(self, x: Tensor) -> Tensor:
            for conv in self.convs:
                x = F.relu(conv(x)[:, :, : -conv.padding[0]])
            return self.head(x[:, :, -20:].flatten(1))

    return Causal()


@network()
def resampled():
    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.interpolate(x, scale_factor=0.5, mode="nearest")
        x = F.interpolate(F.relu(self.conv2(x)), size=45, mode="linear", align_corners=False)
        return self.head(self.up(x).flatten(1))

    parts = {"conv1": nn.Conv1d(4, 8, 5, padding=2), "conv2": nn.Conv1d(8, 4, 3), "up": nn.Upsample(scale_factor=2)}
    return Net(forward, **parts, head=nn.LazyLinear(1))


@network()
def repeated_and_tiled():
    def forward(self, x):
        x = F.relu(self.conv(x)).repeat_interleave(2, dim=2)
        return self.head(F.relu(self.mix(x.repeat(1, 2, 1))).mean(dim=2))

    return Net(forward, conv=nn.Conv1d(4, 6, 5), mix=nn.Conv1d(12, 8, 4, stride=2), head=nn.Linear(8, 1))


@network()
def position_embedding_added():
    def forward(self, x):
        x = self.conv1(x) + self.where
        return self.head(F.relu(self.conv2(F.relu(x))).mean(dim=2))

    where = nn.Parameter(torch.randn(1, 8, 60) / 2)
    return Net(
        forward, conv1=nn.Conv1d(4, 8, 5, padding=2), where=where, conv2=nn.Conv1d(8, 8, 3), head=nn.Linear(8, 2)
    )


@network()
def positions_as_channels():
    """A ramp of coordinates beside the bases."""

    def forward(self, x):
        ramp = torch.linspace(-1, 1, x.shape[-1], dtype=x.dtype, device=x.device).expand(x.shape[0], 1, -1)
        return self.head(F.relu(self.conv(torch.cat([x, ramp], dim=1))).amax(dim=2))

    return Net(forward, conv=nn.Conv1d(5, 10, 7), head=nn.Linear(10, 2))


@network()
def positions_weighted():
    """A weight for every position and one for every channel, as separable dense layers have."""

    def forward(self, x):
        x = F.relu(self.conv(x)) * self.positions * torch.sigmoid(self.channels)
        return self.head(x.sum(dim=-1))

    return Net(
        forward,
        conv=nn.Conv1d(4, 8, 5, padding=2),
        positions=nn.Parameter(torch.randn(60) / 4),
        channels=nn.Parameter(torch.randn(8, 1)),
        head=nn.Linear(8, 1),
    )


@network()
def positions_against_positions():
    """Contacts: every pair of bins, by a matrix product, then a picture of them."""

    def forward(self, x):
        x = F.max_pool1d(F.relu(self.conv(x)), 6)
        contacts = torch.matmul(x.transpose(1, 2), x).unsqueeze(1)
        return self.head(F.relu(self.picture(contacts)).mean(dim=(2, 3)))

    return Net(forward, conv=nn.Conv1d(4, 8, 7, padding=3), picture=nn.Conv2d(1, 6, 3), head=nn.Linear(6, 1))


@network(length=40)
def pairs_of_positions():
    """(batch, 2 channels, bin, bin) by broadcasting, as Akita begins."""

    def forward(self, x):
        x = F.avg_pool1d(F.relu(self.conv(x)), 4)
        grid = (x.unsqueeze(2) + x.unsqueeze(3)) / 2
        return self.head(
            F.relu(self.mix(torch.cat([grid, self.distance.expand(len(x), -1, -1, -1)], dim=1))).flatten(1)
        )

    distance = (torch.arange(10.0)[:, None] - torch.arange(10.0)).abs()[None, None] / 10
    return Net(
        forward, conv=nn.Conv1d(4, 4, 5, padding=2), distance=distance, mix=nn.Conv2d(5, 3, 3), head=nn.LazyLinear(1)
    )


@network()
def mixed_over_positions():
    """Dense layers along the positions and along the channels in turn, as MLP-Mixer has."""

    def forward(self, x):
        x = F.relu(self.conv(x))
        x = x + F.gelu(self.along(x))
        return self.head(F.gelu(self.across(x.transpose(1, 2))).mean(dim=1))

    return Net(
        forward,
        conv=nn.Conv1d(4, 8, 5, stride=5),
        along=nn.Linear(12, 12),
        across=nn.Linear(8, 8),
        head=nn.Linear(8, 1),
    )


@network()
def flattened_positions_first():
    """As weights from Keras want it."""

    def forward(self, x):
        x = F.max_pool1d(F.relu(self.conv(x)), 2).permute(0, 2, 1).contiguous().view(x.shape[0], -1)
        return self.head(F.relu(self.hidden(x)))

    return Net(forward, conv=nn.Conv1d(4, 8, 7), hidden=nn.LazyLinear(8), head=nn.Linear(8, 2))


@network()
def read_positions_first():
    """(batch, position, 4) inside."""

    def forward(self, x):
        x = torch.relu(self.embed(x.transpose(1, 2)))
        return self.head(F.relu(self.conv(x.permute(0, 2, 1))).flatten(1))

    return Net(forward, embed=nn.Linear(4, 8), conv=nn.Conv1d(8, 6, 5), head=nn.LazyLinear(1))


@network()
def two_pieces_of_the_sequence():
    """Both halves through one network, as paired-end or promoter-and-enhancer models do."""

    def forward(self, x):
        left, right = x[:, :, :30], x[:, :, 30:]
        a, b = (F.relu(self.conv(part)).amax(dim=2) for part in (left, right))
        return self.head(torch.cat([a, b, (a - b).abs(), a * b], dim=1))

    return Net(forward, conv=nn.Conv1d(4, 8, 7), head=nn.Linear(32, 1))
