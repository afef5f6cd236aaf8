"""Published architectures of convolutions and dense layers, small, in the way their own code is written."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edited_zoo.kit import network, rc


@network(length=100, local=(0, 99))
class DeepSEA(nn.Module):
    """Zhou & Troyanskaya 2015."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(4, 12, kernel_size=8)
        self.conv2 = nn.Conv1d(12, 16, kernel_size=8)
        self.conv3 = nn.Conv1d(16, 20, kernel_size=8)
        self.max_pool = nn.MaxPool1d(kernel_size=4, stride=4)
        self.drop1, self.drop2 = nn.Dropout(p=0.2), nn.Dropout(p=0.5)
        self.linear1 = nn.LazyLinear(25)
        self.linear2 = nn.Linear(25, 9)

    def forward(self, x: Tensor) -> Tensor:
        x = self.drop1(self.max_pool(F.relu(self.conv1(x))))
        x = F.relu(self.conv2(x))
        x = self.drop2(x)
        x = F.relu(self.conv3(x))
        x = x.view(x.shape[0], -1)
        x = F.relu(self.linear1(x))
        return torch.sigmoid(self.linear2(x))


@network(length=100, target=3)
class Basset(nn.Module):
    """Kelley et al. 2016."""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv1d(4, 16, 19, padding=9), nn.BatchNorm1d(16)
        self.conv2, self.bn2 = nn.Conv1d(16, 12, 11, padding=5), nn.BatchNorm1d(12)
        self.conv3, self.bn3 = nn.Conv1d(12, 12, 7, padding=3), nn.BatchNorm1d(12)
        self.fc1, self.bn4 = nn.LazyLinear(20), nn.BatchNorm1d(20)
        self.fc2, self.bn5 = nn.Linear(20, 20), nn.BatchNorm1d(20)
        self.fc3 = nn.Linear(20, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool1d(self.bn1(F.relu(self.conv1(x))), 3)
        x = F.max_pool1d(self.bn2(F.relu(self.conv2(x))), 4)
        x = F.max_pool1d(self.bn3(F.relu(self.conv3(x))), 4)
        x = x.reshape(x.shape[0], -1)
        x = self.bn4(F.relu(self.fc1(x)))
        x = self.bn5(F.relu(self.fc2(x)))
        return self.fc3(x)


@network(length=96)
def factorized_basset():
    layers, width = [], 4
    for widths, size, pool in (((8, 8, 10), 3, 3), ((12, 12), 5, 4), ((12,), 7, 2)):
        for after in widths:
            layers += [nn.Conv1d(width, after, size, padding="same"), nn.BatchNorm1d(after), nn.ReLU()]
            width = after
        layers.append(nn.MaxPool1d(pool))
    return nn.Sequential(*layers, nn.Flatten(), nn.LazyLinear(20), nn.ReLU(), nn.BatchNorm1d(20), nn.Linear(20, 4))


class Lambda(nn.Sequential):
    """A container that applies a function after its parts, as converted Lua models have."""

    def __init__(self, function, *parts):
        super().__init__(*parts)
        self.function = function

    def forward(self, inputs: Tensor) -> Tensor:
        return self.function(super().forward(inputs))


@network(length=100, target=2, local=(0, 98))
class Beluga(nn.Module):
    """Zhou et al. 2018: pairs of convolutions, two-dimensional ones, containers in containers."""

    def __init__(self):
        super().__init__()
        self.model = nn.Sequential(
            nn.Sequential(
                nn.Conv2d(4, 12, (1, 8)),
                nn.ReLU(),
                nn.Conv2d(12, 12, (1, 8)),
                nn.ReLU(),
                nn.Dropout(0.2),
                nn.MaxPool2d((1, 4), (1, 4)),
                nn.Conv2d(12, 16, (1, 5)),
                nn.ReLU(),
                nn.Conv2d(16, 16, (1, 5)),
                nn.ReLU(),
                nn.Dropout(0.2),
            ),
            nn.Sequential(
                nn.Dropout(0.5),
                Lambda(lambda x: x.reshape(x.size(0), -1)),
                nn.Sequential(nn.LazyLinear(20)),
                nn.ReLU(),
                nn.Sequential(nn.Linear(20, 4)),
            ),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x.unsqueeze(2))


@network(length=80)
class DanQ(nn.Module):
    """Quang & Xie 2016: a convolution and a recurrent layer that reads both ways."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(4, 12, kernel_size=10)
        self.lstm = nn.LSTM(12, 6, num_layers=1, batch_first=True, bidirectional=True)
        self.linear1, self.linear2 = nn.LazyLinear(12), nn.Linear(12, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool1d(F.relu(self.conv(x)), 5, 5)
        x, _ = self.lstm(x.transpose(1, 2))
        x = x.contiguous().view(x.size(0), -1)
        return self.linear2(F.relu(self.linear1(x)))


@network(length=41)
class DeepBind(nn.Module):
    """Alipanahi et al. 2015: motif scores, their maximum, a dense layer."""

    def __init__(self):
        super().__init__()
        self.conv, self.hidden, self.out = nn.Conv1d(4, 16, 11, padding=10), nn.Linear(16, 10), nn.Linear(10, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv(x))
        x = x.max(dim=2).values
        return self.out(F.relu(self.hidden(x)))


@network(length=41)
class DeepBindMaxAndMean(nn.Module):
    def __init__(self):
        super().__init__()
        self.motifs = nn.Parameter(torch.randn(12, 4, 9) / 3)
        self.thresholds = nn.Parameter(torch.randn(12) / 5)
        self.out = nn.Linear(24, 1)

    def forward(self, x: Tensor) -> Tensor:
        rectified = torch.clamp(F.conv1d(x, self.motifs, padding=8) - self.thresholds[:, None], min=0)
        return self.out(torch.cat([rectified.amax(dim=-1), rectified.mean(dim=-1)], dim=1)).squeeze(1)


@network(length=80)
def deep_starr():
    """de Almeida et al. 2022."""
    layers, width = [], 4
    for after, size in ((12, 7), (8, 3), (8, 5), (10, 3)):
        layers += [nn.Conv1d(width, after, size, padding="same"), nn.BatchNorm1d(after), nn.ReLU(), nn.MaxPool1d(2)]
        width = after
    dense = [nn.LazyLinear(16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.4)]
    return nn.Sequential(*layers, nn.Flatten(), *dense, nn.Linear(16, 2))


class SqueezeExcite(nn.Module):
    def __init__(self, width: int, inner: int):
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(width, inner), nn.SiLU(), nn.Linear(inner, width), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        b, c, _ = x.size()
        y = x.view(b, c, -1).mean(dim=2)
        return x * self.fc(y).view(b, c, 1)


class InvertedBottleneck(nn.Module):
    """EfficientNet's block, one-dimensional, as LegNet has it."""

    def __init__(self, width: int, grow: int, size: int):
        super().__init__()
        inner = width * grow
        self.block = nn.Sequential(
            nn.Conv1d(width, inner, 1, bias=False),
            nn.BatchNorm1d(inner),
            nn.SiLU(),
            nn.Conv1d(inner, inner, size, groups=inner, padding="same", bias=False),
            nn.BatchNorm1d(inner),
            nn.SiLU(),
            SqueezeExcite(inner, width),
            nn.Conv1d(inner, width, 1, bias=False),
            nn.BatchNorm1d(width),
            nn.SiLU(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.block(x)


@network(length=60, seed=2)
class LegNet(nn.Module):
    """Penzar et al. 2023."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv1d(4, 8, 11, padding="same", bias=False), nn.BatchNorm1d(8), nn.SiLU())
        self.block = InvertedBottleneck(8, 2, 9)
        self.mix = nn.Sequential(
            nn.Conv1d(16, 10, 5, padding="same", bias=False), nn.BatchNorm1d(10), nn.SiLU(), nn.MaxPool1d(2)
        )
        self.head = nn.Linear(10, 18)
        nn.init.normal_(self.head.weight, std=2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = self.mix(torch.cat([x, self.block(x)], dim=1))
        x = self.head(F.adaptive_avg_pool1d(x, 1).squeeze(-1))
        return (F.softmax(x, dim=1) * torch.arange(18, dtype=x.dtype)).sum(dim=1)


class ConvNextBlock(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.depthwise, self.norm = nn.Conv1d(width, width, 7, padding=3, groups=width), nn.LayerNorm(width, eps=1e-6)
        self.widen, self.narrow = nn.Linear(width, 3 * width), nn.Linear(3 * width, width)
        self.scale = nn.Parameter(0.5 * torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        kept = x
        x = self.depthwise(x).permute(0, 2, 1)
        x = self.scale * self.narrow(F.gelu(self.widen(self.norm(x))))
        return kept + x.permute(0, 2, 1)


@network()
def conv_next():
    """Liu et al. 2022, one-dimensional."""
    return nn.Sequential(
        nn.Conv1d(4, 8, 4, stride=4),
        ConvNextBlock(8),
        ConvNextBlock(8),
        nn.AdaptiveAvgPool1d(1),
        nn.Flatten(),
        nn.Linear(8, 2),
    )


@network(length=60, local=(0, 57))
class ExplaiNN(nn.Module):
    """Novakovsky et al. 2023: one unit per filter, by grouped convolutions; exponential activation."""

    def __init__(self):
        super().__init__()
        units = 6
        self.units = nn.Sequential(
            nn.Conv1d(4 * units, units, 9, groups=units),
            nn.BatchNorm1d(units),
        )
        self.pool = nn.MaxPool1d(7, 7)
        self.inner = nn.Sequential(
            nn.Flatten(),
            nn.Unflatten(1, (-1, 1)),
            nn.Conv1d(7 * units, 5 * units, 1, groups=units),
            nn.BatchNorm1d(5 * units),
            nn.ReLU(),
        )
        self.last = nn.Sequential(nn.Conv1d(5 * units, units, 1, groups=units), nn.ReLU(), nn.Flatten())
        self.out = nn.Linear(units, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = x.repeat(1, 6, 1)
        x = self.pool(torch.exp(self.units(x)))
        return self.out(self.last(self.inner(x)))


@network(length=64)
class Malinois(nn.Module):
    """Gosai et al. 2024: padding by constant layers, branched dense layers."""

    def __init__(self):
        super().__init__()
        self.pad1, self.conv1, self.norm1 = nn.ConstantPad1d((9, 9), 0), nn.Conv1d(4, 12, 19), nn.BatchNorm1d(12)
        self.pad2, self.conv2, self.norm2 = nn.ConstantPad1d((5, 5), 0.0), nn.Conv1d(12, 10, 11), nn.BatchNorm1d(10)
        self.pool = nn.MaxPool1d(4, padding=0)
        self.linear = nn.LazyLinear(12)
        self.branches = nn.ModuleList(nn.Sequential(nn.Linear(12, 6), nn.ReLU(), nn.Linear(6, 1)) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.norm1(F.relu(self.conv1(self.pad1(x)))))
        x = self.pool(self.norm2(F.relu(self.conv2(self.pad2(x)))))
        x = F.relu(self.linear(torch.flatten(x, start_dim=1)))
        return torch.cat([branch(x) for branch in self.branches], dim=1)


@network(length=80, target=1, local=(16, 65))
class SpliceAI(nn.Module):
    """Jaganathan et al. 2019: pre-activation residual blocks, a skip of every block, cropped softmax."""

    def __init__(self):
        super().__init__()
        self.stem, self.skip = nn.Conv1d(4, 8, 1), nn.Conv1d(8, 8, 1)
        self.norms = nn.ModuleList(nn.BatchNorm1d(8) for _ in range(6))
        self.convs = nn.ModuleList(nn.Conv1d(8, 8, 5, dilation=d, padding=2 * d) for d in (1, 1, 2, 2, 3, 3))
        self.skips = nn.ModuleList(nn.Conv1d(8, 8, 1) for _ in range(3))
        self.out = nn.Conv1d(8, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        detour = self.skip(x)
        for i in range(0, 6, 2):
            y = self.convs[i](F.relu(self.norms[i](x)))
            y = self.convs[i + 1](F.relu(self.norms[i + 1](y)))
            x = x + y
            detour = detour + self.skips[i // 2](x)
        return F.softmax(self.out(detour[:, :, 20:-20]), dim=1)[:, :, 20]


@network(length=64, target=2, local=(11, 55))
class Basenji(nn.Module):
    """Kelley et al. 2018: pooled tower, dilated blocks with a bottleneck, track per bin; the target is one bin."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv1d(4, 8, 15, padding=7, bias=False), nn.BatchNorm1d(8), nn.MaxPool1d(2))
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.GELU(),
                nn.Conv1d(8, 4, 3, dilation=d, padding=d, bias=False),
                nn.BatchNorm1d(4),
                nn.GELU(),
                nn.Conv1d(4, 8, 1, bias=False),
                nn.BatchNorm1d(8),
                nn.Dropout(0.25),
            )
            for d in (1, 2, 4)
        )
        self.head = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for block in self.blocks:
            x = x + block(x)
        x = F.gelu(x[..., 4:-4]).permute(0, 2, 1)
        return F.softplus(self.head(x))[:, 12]


@network(length=60)
class ReverseComplementSum(nn.Module):
    """f(x) + f(rc(x))."""

    def __init__(self):
        super().__init__()
        self.core = nn.Sequential(
            nn.Conv1d(4, 10, 9), nn.ReLU(), nn.MaxPool1d(4), nn.Flatten(), nn.LazyLinear(8), nn.ReLU(), nn.Linear(8, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.core(x) + self.core(torch.flip(x, dims=[1, 2]))


@network(length=60)
class ReverseComplementMax(nn.Module):
    """The better strand of the two, the batch doubled."""

    def __init__(self):
        super().__init__()
        self.core = nn.Sequential(
            nn.Conv1d(4, 10, 9), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(10, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        forward, reverse = self.core(torch.cat([x, rc(x)])).chunk(2)
        return torch.maximum(forward, reverse)


@network(length=60)
class ReverseComplementShared(nn.Module):
    """Every filter reads both strands, and so does the second layer."""

    def __init__(self):
        super().__init__()
        self.weights, self.inner = nn.Parameter(torch.randn(6, 4, 7) / 3), nn.Parameter(torch.randn(5, 12, 3) / 4)
        self.bias, self.head = nn.Parameter(torch.randn(6) / 3), nn.Linear(10, 1)

    def forward(self, x: Tensor) -> Tensor:
        both = torch.cat([self.weights, self.weights.flip([1, 2]).flip(0)])
        x = F.relu(F.conv1d(x, both, torch.cat([self.bias, self.bias.flip(0)]), padding=3))
        x = F.relu(F.conv1d(x, torch.cat([self.inner, self.inner.flip([0, 1, 2])]), padding=1))
        return self.head(x.mean(dim=-1))
