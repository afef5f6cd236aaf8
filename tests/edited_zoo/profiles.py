"""Networks that put out something for every place: BPNet and its kin, U-Nets, gated stacks, two heads."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edited_zoo.kit import network
from seqinterp.attribution import targets


class Trunk(nn.Module):
    """A wide first convolution, then dilated ones with residuals (Avsec et al. 2021)."""

    def __init__(self, width: int = 10, size: int = 11, blocks: int = 4):
        super().__init__()
        self.first = nn.Conv1d(4, width, size, padding=size // 2)
        self.dilated = nn.ModuleList(
            nn.Conv1d(width, width, 3, padding=2**i, dilation=2**i) for i in range(1, blocks + 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.first(x))
        for conv in self.dilated:
            x = x + F.relu(conv(x))
        return x


class BPNet(nn.Module):
    """Profile logits (batch, 2, position) and log counts (batch, 1)."""

    def __init__(self):
        super().__init__()
        self.trunk, self.profile, self.counts = Trunk(), nn.Conv1d(10, 2, 15, padding=7), nn.Linear(10, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.trunk(x)
        return self.profile(hidden)[:, :, 5:-5], self.counts(hidden[:, :, 3:-3].mean(dim=2))


class Only(nn.Module):
    """One head of a model with several, as wrappers have it."""

    def __init__(self, model: nn.Module, head: int | str):
        super().__init__()
        self.model, self.head = model, head

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)[self.head]


@network(length=100)
def bpnet_counts():
    return Only(BPNet(), 1)


@network(length=100, target=targets.counts())
def bpnet_both_heads_counts():
    return BPNet()


@network(length=100, target=targets.profile())
def bpnet_both_heads_profile():
    return BPNet()


@network(length=120, target=targets.position(1, 40, head=0), local=(3, 88))
def bpnet_one_place():
    """Place 40 of the cropped profile is position 45: the first convolution sees 5 more, the dilated 30, the head 7."""
    return BPNet()


@network(length=120, target=lambda outputs: outputs[:, 0, 50:54].sum(dim=1), local=(13, 91))
def bpnet_few_places():
    class Profile(nn.Module):
        def __init__(self):
            super().__init__()
            self.trunk, self.profile = Trunk(8, 9, 4), nn.Conv1d(8, 1, 7, padding=3)

        def forward(self, x: Tensor) -> Tensor:
            return self.profile(self.trunk(x))

    return Profile()


class Cropped(nn.Module):
    """Valid convolutions, the skip cropped to fit (Pampari et al. 2024)."""

    def __init__(self, width: int, blocks: int):
        super().__init__()
        self.first = nn.Conv1d(4, width, 9)
        self.dilated = nn.ModuleList(nn.Conv1d(width, width, 3, dilation=2**i) for i in range(1, blocks + 1))
        self.profile, self.counts = nn.Conv1d(width, 1, 11), nn.Linear(width, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = F.relu(self.first(x))
        for conv in self.dilated:
            fresh = F.relu(conv(x))
            crop = (x.shape[-1] - fresh.shape[-1]) // 2
            x = x[:, :, crop:-crop] + fresh
        profile = self.profile(x).squeeze(1)
        excess = (profile.shape[-1] - 20) // 2
        return profile[:, excess : profile.shape[-1] - excess], self.counts(torch.mean(x, dim=2))


class ChromBPNet(nn.Module):
    """Two models whose profiles add up and whose counts add up before the logarithm."""

    def __init__(self):
        super().__init__()
        self.bias, self.accessibility = Cropped(6, 2), Cropped(8, 3)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        bias_profile, bias_counts = self.bias(x)
        profile, counts = self.accessibility(x)
        return profile + bias_profile, torch.logsumexp(torch.stack([counts, bias_counts], dim=1), dim=1)


@network(length=90, target=targets.counts())
def chrombpnet_counts():
    return ChromBPNet()


@network(length=90, target=targets.profile(fixed_weights=True), local=(12, 78))
def chrombpnet_profile():
    return ChromBPNet()


@network(length=90, target=lambda outputs: outputs[0][:, 3], local=(15, 62))
def chrombpnet_one_place():
    """Place 3 of the 20 in the middle is position 38: dilated ones see 14 to either side, the others 4 and 5."""
    return ChromBPNet()


@network(length=64, target=lambda outputs: outputs[:, 1].sum(dim=1))
class UNet(nn.Module):
    """Down by pooling, up by interpolation, the finer layers joined again."""

    def __init__(self):
        super().__init__()
        self.down1, self.down2 = nn.Conv1d(4, 6, 5, padding=2), nn.Conv1d(6, 8, 3, padding=1)
        self.bottom = nn.Conv1d(8, 8, 3, padding=1)
        self.up2, self.up1 = nn.Conv1d(16, 6, 3, padding=1), nn.Conv1d(12, 2, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        fine = F.relu(self.down1(x))
        middle = F.relu(self.down2(F.max_pool1d(fine, 2)))
        x = F.relu(self.bottom(F.max_pool1d(middle, 2)))
        x = F.relu(self.up2(torch.cat([F.interpolate(x, scale_factor=2), middle], dim=1)))
        return torch.tanh(self.up1(torch.cat([F.interpolate(x, size=fine.shape[-1], mode="nearest"), fine], dim=1)))


@network(length=64, target=lambda outputs: outputs[:, 0, 24], local=(16, 36))
class UNetTransposed(nn.Module):
    """Down by strides, up by transposed convolutions; the target is one place."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv1d(4, 6, 3, padding=1)
        self.down1, self.down2 = nn.Conv1d(6, 8, 4, stride=2, padding=1), nn.Conv1d(8, 8, 4, stride=2, padding=1)
        self.up2, self.up1 = (
            nn.ConvTranspose1d(8, 8, 4, stride=2, padding=1),
            nn.ConvTranspose1d(8, 6, 4, stride=2, padding=1),
        )
        self.out = nn.Conv1d(6, 1, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        fine = F.elu(self.stem(x))
        middle = F.elu(self.down1(fine))
        x = F.elu(self.up2(F.elu(self.down2(middle)))) + middle
        return self.out(F.elu(self.up1(x)) + fine)


@network(length=70, target=lambda outputs: outputs[:, 0, 30:40].mean(dim=1), local=(15, 55))
class WaveNet(nn.Module):
    """tanh * sigmoid gates, skips summed."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv1d(4, 8, 1)
        self.filters = nn.ModuleList(nn.Conv1d(8, 8, 3, padding=d, dilation=d) for d in (1, 2, 4, 8))
        self.gates = nn.ModuleList(nn.Conv1d(8, 8, 3, padding=d, dilation=d) for d in (1, 2, 4, 8))
        self.mixes = nn.ModuleList(nn.Conv1d(8, 8, 1) for _ in range(4))
        self.out = nn.Sequential(nn.ReLU(), nn.Conv1d(8, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        x, skips = self.stem(x), 0
        for filtered, gate, mix in zip(self.filters, self.gates, self.mixes, strict=True):
            z = mix(torch.tanh(filtered(x)) * torch.sigmoid(gate(x)))
            x, skips = x + z, skips + z
        return self.out(skips)


@network(length=60)
class ResNet(nn.Module):
    """Strided blocks whose skip is projected, rectified in place."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv1d(4, 8, 7, padding=3), nn.BatchNorm1d(8), nn.ReLU(inplace=True))
        self.conv1, self.norm1 = nn.Conv1d(8, 12, 3, stride=2, padding=1, bias=False), nn.BatchNorm1d(12)
        self.conv2, self.norm2 = nn.Conv1d(12, 12, 3, padding=1, bias=False), nn.BatchNorm1d(12)
        self.shortcut = nn.Sequential(nn.Conv1d(8, 12, 1, stride=2, bias=False), nn.BatchNorm1d(12))
        self.relu, self.head = nn.ReLU(inplace=True), nn.Linear(12, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        kept = self.shortcut(x)
        x = self.norm2(self.conv2(self.relu(self.norm1(self.conv1(x)))))
        x += kept
        return self.head(self.relu(x).mean(dim=2))


@network(length=80, target=lambda outputs: outputs["accessibility"] - 0.5 * outputs["expression"][:, 1])
class TwoTasks(nn.Module):
    """A dictionary of heads, one from a crop."""

    def __init__(self):
        super().__init__()
        self.trunk = Trunk(8, 7, 3)
        self.accessibility = nn.Linear(8, 1)
        self.expression = nn.Sequential(nn.MaxPool1d(8), nn.Flatten(), nn.LazyLinear(6), nn.ReLU(), nn.Linear(6, 3))

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        hidden = self.trunk(x)
        near = hidden[..., 30:50].mean(dim=-1)
        return {"accessibility": self.accessibility(near).squeeze(-1), "expression": self.expression(hidden)}


@network(length=60, target=lambda outputs: outputs[:, 6, 1], local=(18, 30))
def rows_of_linear():
    """Linear layers on rows (batch, bin, channel); the target is one bin, which sees itself and the one before."""

    class Rows(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv1d(4, 8, 5, padding=2)
            self.widen, self.out = nn.Linear(8, 12), nn.Linear(12, 3)

        def forward(self, x: Tensor) -> Tensor:
            x = F.avg_pool1d(F.relu(self.conv(x)), 4)
            x = x + F.pad(x, (1, 0))[..., :-1]
            return self.out(F.silu(self.widen(x.transpose(1, 2))))

    return Rows()


@network(length=60, target=lambda outputs: outputs.logsumexp(dim=(1, 2)))
def log_softmax_profile():
    """Log probabilities over positions and strands together."""

    class Shape(nn.Module):
        def __init__(self):
            super().__init__()
            self.trunk, self.profile = Trunk(8, 7, 2), nn.Conv1d(8, 2, 5, padding=2)

        def forward(self, x: Tensor) -> Tensor:
            logits = self.profile(self.trunk(x))
            shape = logits.shape
            return 2 * F.log_softmax(logits.reshape(shape[0], -1), dim=-1).reshape(shape)

    return Shape()
