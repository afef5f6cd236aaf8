"""Normalisations over channels, positions, groups and all."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edited_zoo.kit import network
from zoo.kit import Net


def normed(norm: nn.Module, *, before: int = 8) -> nn.Module:
    """The norm between two convolutions."""
    return nn.Sequential(
        nn.Conv1d(4, before, 7, padding=3),
        norm,
        nn.ReLU(),
        nn.Conv1d(before, 8, 3),
        nn.ReLU(),
        nn.Flatten(),
        nn.LazyLinear(2),
    )


class OverChannels(nn.Module):
    """LayerNorm of every position, by turning the axes."""

    def __init__(self, width: int):
        super().__init__()
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x.permute(0, 2, 1)).permute(0, 2, 1)


@network()
def batch_norm_without_scale():
    return normed(nn.BatchNorm1d(8, affine=False))


@network()
def layer_norm_over_channels():
    return normed(OverChannels(8))


@network()
def layer_norm_over_channels_and_positions():
    return normed(nn.LayerNorm([8, 60]))


@network()
def layer_norm_over_positions():
    return normed(nn.LayerNorm(60, elementwise_affine=False))


@network()
def layer_norm_by_hand():
    def forward(self, x):
        x = self.conv(x)
        centred = x - x.mean(dim=1, keepdim=True)
        x = self.scale[:, None] * centred / torch.sqrt(centred.pow(2).mean(dim=1, keepdim=True) + 1e-5)
        return self.head(F.gelu(x).flatten(1))

    return Net(forward, conv=nn.Conv1d(4, 8, 5), scale=torch.linspace(0.5, 1.5, 8), head=nn.LazyLinear(1))


@network()
def group_norm():
    return normed(nn.GroupNorm(2, 8))


@network()
def instance_norm():
    return normed(nn.InstanceNorm1d(8, affine=True))


@network()
def instance_norm_with_statistics():
    return normed(nn.InstanceNorm1d(8, track_running_stats=True))


@network()
def rms_norm():
    def forward(self, x):
        return self.head(self.mix(self.norm(self.conv(x).transpose(1, 2))).relu().mean(dim=1))

    return Net(
        forward, conv=nn.Conv1d(4, 8, 5), norm=nn.RMSNorm(8, eps=1e-5), mix=nn.Linear(8, 10), head=nn.Linear(10, 2)
    )


@network()
def local_response_norm():
    return normed(nn.LocalResponseNorm(3, alpha=0.5))


@network()
def softmax_over_channels():
    return normed(nn.Softmax(dim=1))


@network()
def softmax_over_positions():
    return nn.Sequential(nn.Conv1d(4, 6, 5), nn.Softmax(dim=2), nn.Flatten(), nn.LazyLinear(1))


@network()
def length_of_columns_normalised():
    def forward(self, x):
        return self.head(F.normalize(self.conv(x), dim=1).flatten(1))

    return Net(forward, conv=nn.Conv1d(4, 8, 5), head=nn.LazyLinear(1))


@network()
def norm_of_the_dense_layer():
    return nn.Sequential(
        nn.Conv1d(4, 8, 7),
        nn.ReLU(),
        nn.MaxPool1d(6),
        nn.Flatten(),
        nn.LazyLinear(12),
        nn.LayerNorm(12),
        nn.GELU(),
        nn.Linear(12, 2),
    )


@network()
def standardised_inputs():
    """The inputs are centred by a constant and by their own mean."""

    def forward(self, x):
        x = x - 0.25 - 0.5 * x.mean(dim=2, keepdim=True)
        return self.head(F.relu(self.conv(x)).amax(dim=2))

    return Net(forward, conv=nn.Conv1d(4, 10, 7), head=nn.Linear(10, 1))
