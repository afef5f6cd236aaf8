"""Stacks of convolutions: paddings, strides, dilations, groups, transposed ones, and layouts in two dimensions."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edited_zoo.kit import network
from zoo.kit import Net


@network()
def valid_then_dense():
    return nn.Sequential(nn.Conv1d(4, 12, 5), nn.ReLU(), nn.Flatten(), nn.LazyLinear(3))


@network()
def same_odd_then_dense():
    return nn.Sequential(nn.Conv1d(4, 12, 7, padding="same"), nn.ReLU(), nn.Flatten(), nn.LazyLinear(1))


@network(length=51)
def same_even_then_dense():
    return nn.Sequential(
        nn.Conv1d(4, 8, 6, padding="same"),
        nn.ReLU(),
        nn.Conv1d(8, 8, 4, padding="same"),
        nn.Flatten(),
        nn.LazyLinear(2),
    )


@network(target=1)
def padding_wider_than_needed():
    return nn.Sequential(
        nn.Conv1d(4, 8, 4, padding=6), nn.ReLU(), nn.Conv1d(8, 6, 3, padding=2), nn.Flatten(), nn.LazyLinear(2)
    )


@network(length=61)
def stride_two():
    return nn.Sequential(
        nn.Conv1d(4, 8, 5, stride=2, padding=2),
        nn.BatchNorm1d(8),
        nn.ReLU(),
        nn.Conv1d(8, 12, 4, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.LazyLinear(2),
    )


@network(length=59)
def stride_three_with_gaps():
    """Kernel 2 with stride 3: every third position is read by nothing."""
    return nn.Sequential(
        nn.Conv1d(4, 8, 2, stride=3), nn.ELU(), nn.Conv1d(8, 8, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(1)
    )


@network(length=80)
def dilated_valid():
    layers = [nn.Conv1d(4, 8, 7), nn.ReLU()]
    for dilation in (1, 2, 4, 8):
        layers += [nn.Conv1d(8, 8, 3, dilation=dilation), nn.ReLU()]
    return nn.Sequential(*layers, nn.Flatten(), nn.LazyLinear(2))


@network()
def dilated_and_strided():
    return nn.Sequential(
        nn.Conv1d(4, 8, 5, dilation=3, padding=6),
        nn.GELU(),
        nn.Conv1d(8, 8, 3, stride=2, dilation=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.LazyLinear(1),
    )


@network()
def grouped():
    return nn.Sequential(
        nn.Conv1d(4, 12, 5, padding=2, groups=2),
        nn.ReLU(),
        nn.Conv1d(12, 18, 3, padding=1, groups=3),
        nn.ReLU(),
        nn.Flatten(),
        nn.LazyLinear(2),
    )


@network()
def depthwise_first():
    """One filter per base, then channels mixed."""
    return nn.Sequential(
        nn.Conv1d(4, 8, 9, padding=4, groups=4),
        nn.Conv1d(8, 10, 1),
        nn.ReLU(),
        nn.AdaptiveAvgPool1d(1),
        nn.Flatten(),
        nn.Linear(10, 1),
    )


@network()
def depthwise_separable():
    layers = [nn.Conv1d(4, 8, 5, padding=2), nn.ReLU()]
    for _ in range(2):
        layers += [
            nn.Conv1d(8, 8, 7, padding=3, groups=8, bias=False),
            nn.Conv1d(8, 8, 1, bias=False),
            nn.BatchNorm1d(8),
            nn.SiLU(),
        ]
    return nn.Sequential(*layers, nn.Flatten(), nn.LazyLinear(1))


@network()
def pointwise_only():
    return nn.Sequential(nn.Conv1d(4, 8, 1), nn.Tanh(), nn.Conv1d(8, 3, 1), nn.ReLU(), nn.Flatten(), nn.LazyLinear(2))


@network(length=48)
def transposed():
    return nn.Sequential(
        nn.Conv1d(4, 8, 6, stride=2, padding=2),
        nn.ReLU(),
        nn.ConvTranspose1d(8, 6, 4, stride=2, padding=1),
        nn.ReLU(),
        nn.ConvTranspose1d(6, 4, 3, stride=3, output_padding=1),
        nn.Flatten(),
        nn.LazyLinear(1),
    )


@network(length=48, target=lambda outputs: outputs[:, 0, 20:23].sum(dim=1), local=(12, 31))
def transposed_profile():
    """A transposed convolution of stride 1 as the profile head, as the first BPNet had."""
    return nn.Sequential(nn.Conv1d(4, 8, 7, padding=3), nn.ReLU(), nn.ConvTranspose1d(8, 2, 11, padding=5))


@network()
def padding_modes():
    return nn.Sequential(
        nn.Conv1d(4, 6, 5, padding=2, padding_mode="reflect"),
        nn.ReLU(),
        nn.Conv1d(6, 6, 5, padding=2, padding_mode="circular"),
        nn.ReLU(),
        nn.Conv1d(6, 6, 5, padding=2, padding_mode="replicate"),
        nn.Flatten(),
        nn.LazyLinear(1),
    )


@network()
def without_bias():
    return nn.Sequential(
        nn.Conv1d(4, 8, 5, bias=False),
        nn.ReLU(),
        nn.Conv1d(8, 8, 5, bias=False),
        nn.ReLU(),
        nn.Flatten(),
        nn.LazyLinear(1, bias=False),
    )


@network(length=90)
def deep():
    layers = [nn.Conv1d(4, 8, 5, padding="same"), nn.BatchNorm1d(8), nn.ReLU()]
    for _ in range(5):
        layers += [nn.Conv1d(8, 8, 3, padding="same"), nn.BatchNorm1d(8), nn.ReLU()]
    return nn.Sequential(*layers, nn.Flatten(), nn.LazyLinear(2))


@network()
def norm_before_convolution():
    """Zero padding comes after the normalisation, so it cannot be folded into the weights."""
    return nn.Sequential(
        nn.BatchNorm1d(4),
        nn.Conv1d(4, 8, 5, padding=2),
        nn.ReLU(),
        nn.BatchNorm1d(8),
        nn.Conv1d(8, 8, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool1d(4),
        nn.Flatten(),
        nn.LazyLinear(2),
    )


@network()
def norm_with_negative_scale():
    """Max pooling after a normalisation that turns some channels around."""

    class Turned(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.norm, self.head = nn.Conv1d(4, 8, 7), nn.BatchNorm1d(8), nn.LazyLinear(1)
            nn.init.uniform_(self.norm.weight, -1.5, 1.5)

        def forward(self, inputs: Tensor) -> Tensor:
            hidden = F.max_pool1d(self.norm(self.conv(inputs)), 3)
            return self.head(torch.relu(hidden).flatten(1))

    return Turned()


@network(local=(0, 59))
def dense_with_norm_and_dropout():
    return nn.Sequential(
        nn.Conv1d(4, 10, 8),
        nn.ReLU(),
        nn.MaxPool1d(4),
        nn.Dropout(0.2),
        nn.Flatten(),
        nn.LazyLinear(16, bias=False),
        nn.BatchNorm1d(16),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(16, 8),
        nn.LeakyReLU(0.1),
        nn.Linear(8, 2),
        nn.Sigmoid(),
    )


@network()
def functional_convolutions():
    """Weights as bare parameters."""

    class Bare(nn.Module):
        def __init__(self):
            super().__init__()
            self.filters = nn.Parameter(0.3 * torch.randn(8, 4, 5))
            self.mixing = nn.Parameter(0.3 * torch.randn(6, 8, 3))
            self.shift = nn.Parameter(torch.randn(6))

        def forward(self, x: Tensor) -> Tensor:
            x = F.relu(F.conv1d(x, self.filters, padding=2))
            x = F.relu(F.conv1d(x, self.mixing, self.shift, stride=2))
            return F.linear(x.mean(dim=2), self.mixing[:, :6, 0])

    return Bare()


@network(seed=1)
def weight_norm():
    """Weights that are computed anew from parameters in every forward pass."""
    norm = nn.utils.parametrizations.weight_norm
    return nn.Sequential(
        norm(nn.Conv1d(4, 8, 7)), nn.ReLU(), norm(nn.Conv1d(8, 8, 3)), nn.ReLU(), nn.Flatten(), nn.LazyLinear(1)
    )


@network(length=40)
def kernel_as_long_as_the_sequence():
    return nn.Sequential(nn.Conv1d(4, 10, 40), nn.ReLU(), nn.Flatten(), nn.Linear(10, 2))


@network(length=40)
def dense_only():
    return nn.Sequential(nn.Flatten(), nn.Linear(160, 12), nn.ReLU(), nn.Linear(12, 2))


@network()
def linear():
    return nn.Sequential(nn.Conv1d(4, 8, 5), nn.Conv1d(8, 4, 3), nn.Flatten(), nn.LazyLinear(1))


@network()
def two_dimensional_whole_column():
    """(batch, 1, 4, position) and a kernel as high as the alphabet."""

    class Column(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.head = nn.Conv2d(1, 10, (4, 9)), nn.Linear(10 * 13, 2)

        def forward(self, x: Tensor) -> Tensor:
            x = F.relu(self.conv(x.unsqueeze(1)))
            x = F.max_pool2d(x, (1, 4))
            return self.head(x.view(x.size(0), -1))

    return Column()


@network(local=(0, 59))
def two_dimensional_channels_first():
    """(batch, 4, 1, position), as the torch ports of DeepSEA and Beluga read it."""
    return nn.Sequential(
        nn.Unflatten(1, (4, 1)),
        nn.Conv2d(4, 8, (1, 8)),
        nn.ReLU(),
        nn.MaxPool2d((1, 4), (1, 4)),
        nn.Conv2d(8, 12, (1, 4)),
        nn.ReLU(),
        nn.Flatten(),
        nn.LazyLinear(3),
    )


@network()
def two_dimensional_positions_as_rows():
    """(batch, 4, position, 1), as the first Basset read it."""

    class Rows(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.norm1 = nn.Conv2d(4, 8, (9, 1), padding=(4, 0)), nn.BatchNorm2d(8)
            self.conv2, self.norm2 = nn.Conv2d(8, 8, (5, 1)), nn.BatchNorm2d(8)
            self.head = nn.LazyLinear(2)

        def forward(self, s: Tensor) -> Tensor:
            s = s.unsqueeze(3)
            s = F.max_pool2d(F.relu(self.norm1(self.conv1(s))), (3, 1))
            s = F.max_pool2d(F.relu(self.norm2(self.conv2(s))), (2, 1))
            return self.head(s.flatten(1))

    return Rows()


@network(length=40)
def two_dimensional_over_the_alphabet():
    """A kernel that slides over the bases, too: rows of the picture are bases."""
    return nn.Sequential(
        nn.Unflatten(1, (1, 4)),
        nn.Conv2d(1, 6, (3, 5), padding=(1, 2)),
        nn.ReLU(),
        nn.Conv2d(6, 6, (2, 3)),
        nn.Flatten(),
        nn.LazyLinear(1),
    )


@network(length=40)
def words_by_unfold():
    """Windows cut with unfold and compared with words, as a convolution written by hand."""

    class Words(nn.Module):
        def __init__(self):
            super().__init__()
            self.words, self.head = nn.Linear(4 * 6, 10), nn.LazyLinear(1)

        def forward(self, inputs: Tensor) -> Tensor:
            windows = inputs.unfold(2, 6, 2).permute(0, 2, 1, 3).reshape(len(inputs), -1, 24)
            return self.head(torch.relu(self.words(windows)).flatten(1))

    return Words()


@network(length=64, seed=2)
def filtered_by_fourier_transform():
    """A convolution as long as the sequence by Fourier transform, as in state-space models."""

    def forward(self, inputs):
        hidden = self.stem(inputs)
        spectrum = torch.fft.rfft(hidden, n=128) * torch.fft.rfft(self.kernel, n=128)
        return self.head(F.gelu(torch.fft.irfft(spectrum, n=128)[..., :64]).mean(dim=2))

    return Net(forward, stem=nn.Conv1d(4, 6, 5, padding=2), kernel=0.3 * torch.randn(6, 64), head=nn.Linear(6, 1))
