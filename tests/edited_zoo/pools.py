"""Pools: over windows that overlap or not, to a fixed number of bins, over everything, by rank, by attention."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edited_zoo.kit import network
from zoo.kit import Net


def pooled(pool: nn.Module) -> nn.Module:
    """Convolution, the pool, convolution, a dense layer."""
    return nn.Sequential(
        nn.Conv1d(4, 8, 5, padding=2),
        nn.ReLU(),
        pool,
        nn.Conv1d(8, 8, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.LazyLinear(2),
    )


@network()
def max_pool():
    return pooled(nn.MaxPool1d(4))


@network(length=61, local=(0, 58))
def max_pool_that_drops_the_end():
    return pooled(nn.MaxPool1d(7))


@network(length=61)
def max_pool_overlapping():
    return pooled(nn.MaxPool1d(3, stride=2, padding=1))


@network(length=61)
def max_pool_ceil():
    return pooled(nn.MaxPool1d(5, ceil_mode=True))


@network()
def max_pool_of_every_place():
    return pooled(nn.MaxPool1d(5, stride=1, padding=2))


@network()
def max_pool_dilated():
    return pooled(nn.MaxPool1d(3, stride=2, dilation=3))


@network(local=(0, 59))
def max_pool_with_gaps():
    return pooled(nn.MaxPool1d(2, stride=5))


@network()
def avg_pool():
    return pooled(nn.AvgPool1d(4))


@network(length=62)
def avg_pool_padded_ceil():
    return pooled(nn.AvgPool1d(5, stride=3, padding=2, ceil_mode=True, count_include_pad=False))


@network(length=62)
def avg_pool_padded_counted():
    return pooled(nn.AvgPool1d(4, stride=3, padding=1, ceil_mode=True))


@network()
def avg_pool_of_every_place():
    return pooled(nn.AvgPool1d(7, stride=1, padding=3))


@network()
def adaptive_avg_pool_to_five():
    return pooled(nn.AdaptiveAvgPool1d(5))


@network(length=63)
def adaptive_avg_pool_to_uneven_bins():
    return pooled(nn.AdaptiveAvgPool1d(8))


@network(length=63)
def adaptive_max_pool_to_uneven_bins():
    return pooled(nn.AdaptiveMaxPool1d(5))


@network()
def adaptive_max_pool_to_one():
    return nn.Sequential(nn.Conv1d(4, 12, 8), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(12, 2))


@network()
def adaptive_avg_pool_to_one():
    return nn.Sequential(nn.Conv1d(4, 12, 8), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(12, 2))


@network()
def pool_before_activation():
    """The pool reads signed values."""
    return nn.Sequential(
        nn.Conv1d(4, 8, 7),
        nn.MaxPool1d(3),
        nn.Tanh(),
        nn.Conv1d(8, 8, 3),
        nn.AvgPool1d(2),
        nn.ReLU(),
        nn.Flatten(),
        nn.LazyLinear(1),
    )


@network(local=(0, 59))
def pools_of_pools():
    return nn.Sequential(
        nn.Conv1d(4, 8, 5, padding=2),
        nn.MaxPool1d(3, 2),
        nn.MaxPool1d(2),
        nn.AvgPool1d(3, 1),
        nn.LeakyReLU(),
        nn.Flatten(),
        nn.LazyLinear(1),
    )


@network()
def pool_of_the_inputs():
    return nn.Sequential(nn.AvgPool1d(4), nn.Conv1d(4, 8, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(1))


@network()
def power_average_pool():
    return nn.Sequential(nn.Conv1d(4, 8, 5), nn.Softplus(), nn.LPPool1d(2, 4), nn.Flatten(), nn.LazyLinear(1))


def over_positions(summary, width: int = 10):
    """A convolution, `summary` over its positions, a dense layer."""

    def forward(self, x):
        return self.head(summary(F.relu(self.conv(x))))

    return Net(forward, conv=nn.Conv1d(4, width, 7), head=nn.LazyLinear(2))


@network()
def global_mean():
    return over_positions(lambda x: x.mean(-1))


@network()
def global_sum():
    return over_positions(lambda x: x.sum(dim=2))


@network()
def global_amax():
    return over_positions(lambda x: x.amax(2))


@network()
def global_max_values():
    return over_positions(lambda x: torch.max(x, 2).values)


@network()
def global_max_and_mean_and_least():
    return over_positions(lambda x: torch.cat([x.max(dim=-1)[0], torch.mean(x, dim=-1), x.min(2)[0]], dim=1))


@network()
def global_max_pool_functional():
    return over_positions(lambda x: F.max_pool1d(x, kernel_size=x.shape[-1]).squeeze(-1))


@network()
def global_logsumexp():
    return over_positions(lambda x: torch.logsumexp(6 * x, dim=2))


@network()
def global_spread():
    return over_positions(lambda x: torch.cat([x.std(dim=2), x.var(dim=2, unbiased=False)], dim=1))


@network()
def global_norm():
    return over_positions(lambda x: x.norm(dim=2))


@network()
def k_max_pool():
    return over_positions(lambda x: x.topk(3, dim=2).values.flatten(1))


@network()
def k_max_mean():
    return over_positions(lambda x: torch.topk(x, 5, dim=2)[0].mean(dim=2))


@network()
def sorted_weighted():
    return over_positions(
        lambda x: torch.sort(x, dim=2, descending=True)[0] @ torch.linspace(1, 0, x.shape[2], dtype=x.dtype)
    )


@network()
def mean_of_the_middle_and_of_the_ends():
    return over_positions(
        lambda x: torch.cat([x[:, :, 20:35].mean(2), x[:, :, :10].sum(2), x[:, :, -6:].amax(2), x[:, :, 27]], dim=1)
    )


@network()
def mean_over_channels():
    """What is left is one number per position."""
    return over_positions(lambda x: torch.cat([x.mean(dim=1), x.amax(dim=1)], dim=1))


@network()
def running_sum():
    return over_positions(lambda x: torch.cumsum(x, dim=2).tanh().mean(dim=2))


@network()
def running_maximum():
    return over_positions(lambda x: torch.cummax(x, dim=-1)[0].mean(dim=2))


@network()
def softmax_attention_pool():
    """Enformer's pool: positions of a window weighted by a softmax."""

    class SoftmaxPool(nn.Module):
        def __init__(self, width: int, size: int):
            super().__init__()
            self.size, self.to_weights = size, nn.Linear(width, width, bias=False)

        def forward(self, x: Tensor) -> Tensor:
            windows = x.unflatten(2, (-1, self.size)).permute(0, 2, 3, 1)
            weights = F.softmax(self.to_weights(windows), dim=-2)
            return (windows * weights).sum(dim=-2).permute(0, 2, 1)

    return nn.Sequential(
        nn.Conv1d(4, 8, 5, padding=2),
        nn.GELU(),
        SoftmaxPool(8, 2),
        nn.Conv1d(8, 8, 3, padding=1),
        nn.GELU(),
        SoftmaxPool(8, 5),
        nn.Flatten(),
        nn.LazyLinear(1),
    )


@network()
def attention_pool_over_all_positions():
    """One weight per position, as in multiple-instance learning."""

    def forward(self, x):
        rows = torch.relu(self.conv(x)).transpose(1, 2)
        weights = torch.softmax(self.score(torch.tanh(self.key(rows))), dim=1)
        return self.head((weights * rows).sum(dim=1))

    return Net(forward, conv=nn.Conv1d(4, 8, 7), key=nn.Linear(8, 6), score=nn.Linear(6, 1), head=nn.Linear(8, 1))
