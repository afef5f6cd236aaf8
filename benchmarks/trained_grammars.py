"""Eight small networks of the kinds that people train, and their training on the motif grammars.

A network regresses what the exact network of a grammar says. Half of the examples are as `grammar` draws them, in half
a tenth of all bases is replaced at random and the exact network labels what came of it, so that every base of a site
counts: a network that has only seen whole sites may well look at half of their bases.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn

from seqinterp.evaluation.grammars import grammar

LENGTH = 80
TRAINED, HELD = 24_000, 2_000  # examples that are trained on, and held out: once to choose the epoch, once to report
BROKEN = 0.1  # of the bases of every other example
BATCH, RATE, EPOCHS = 64, 2e-3, 7
ENOUGH = 0.98  # share of the variance at which training stops
SEEDS = {"train": 1000, "valid": 2000, "test": 3000}


def block(before: int, after: int, size: int, act: type[nn.Module] = nn.ReLU, **options: int) -> list[nn.Module]:
    """A convolution that keeps the places, batch normalisation and a nonlinearity."""
    return [nn.Conv1d(before, after, size, padding=size // 2, **options), nn.BatchNorm1d(after), act()]


class Wired(nn.Module):
    """A module whose forward is a function of its parts and the inputs."""

    def __init__(self, steps: Callable[[nn.Module, Tensor], Tensor], **parts: nn.Module | nn.Parameter) -> None:
        super().__init__()
        self.steps = steps
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, inputs: Tensor) -> Tensor:
        """(batch, channel, position) -> what the steps give."""
        return self.steps(self, inputs)


def deepbind() -> nn.Module:
    """One convolution and a global maximum."""
    head = (nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
    return nn.Sequential(nn.Conv1d(4, 32, 24, padding=12), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), *head)


def basset() -> nn.Module:
    """Convolutions with batch normalisation and max pooling, dense layers over places."""
    layers = [*block(4, 32, 19), nn.MaxPool1d(3), *block(32, 32, 7), nn.MaxPool1d(4), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(32 * 6, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 1))


def mean_pool() -> nn.Module:
    """Two convolutions without normalisation, a mean of pairs between them, and a global mean."""
    layers = (nn.Conv1d(4, 32, 15, padding=7), nn.ReLU(), nn.AvgPool1d(2), nn.Conv1d(32, 32, 11, padding=5), nn.ReLU())
    head = (nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool1d(1), nn.Flatten(), *head)


def bpnet() -> nn.Module:
    """Dilated convolutions, each added to what it read, and a counts head."""

    def forward(net: nn.Module, inputs: Tensor) -> Tensor:
        flow = torch.relu(net.first(inputs))
        for convolution in net.dilated:
            flow = flow + torch.relu(convolution(flow))
        return net.head(flow.mean(-1))

    dilated = nn.ModuleList(nn.Conv1d(24, 24, 3, padding=2**i, dilation=2**i) for i in range(1, 5))
    head = nn.Sequential(nn.Linear(24, 32), nn.ReLU(), nn.Linear(32, 1))
    return Wired(forward, first=nn.Conv1d(4, 24, 15, padding=7), dilated=dilated, head=head)


def danq() -> nn.Module:
    """A convolution, a pool, a long short-term memory in both directions, dense layers over places."""

    def forward(net: nn.Module, inputs: Tensor) -> Tensor:
        flow, _ = net.memory(net.stem(inputs).transpose(1, 2))
        return net.head(flow)

    stem = nn.Sequential(nn.Conv1d(4, 32, 15, padding=7), nn.ReLU(), nn.MaxPool1d(8))
    memory = nn.LSTM(32, 32, batch_first=True, bidirectional=True)
    head = nn.Sequential(nn.Flatten(), nn.Linear(LENGTH // 8 * 64, 64), nn.ReLU(), nn.Linear(64, 1))
    return Wired(forward, stem=stem, memory=memory, head=head)


def transformer() -> nn.Module:
    """A convolution, a pool, places learned, two layers of attention, a mean."""

    def forward(net: nn.Module, inputs: Tensor) -> Tensor:
        return net.head(net.encoder(net.stem(inputs).transpose(1, 2) + net.places).mean(1))

    layer = nn.TransformerEncoderLayer(32, 4, 64, dropout=0.0, activation="gelu", batch_first=True, norm_first=True)
    return Wired(
        forward,
        stem=nn.Sequential(*block(4, 32, 15, nn.GELU), nn.MaxPool1d(8)),
        places=nn.Parameter(0.02 * torch.randn(LENGTH // 8, 32)),
        encoder=nn.TransformerEncoder(layer, 2, enable_nested_tensor=False),
        head=nn.Sequential(nn.LayerNorm(32), nn.Linear(32, 32), nn.GELU(), nn.Linear(32, 1)),
    )


def squeezed(channels: int) -> nn.Module:
    """EfficientNet's block: widen, convolve each channel by itself, weigh the channels by their means, narrow."""

    def forward(net: nn.Module, inputs: Tensor) -> Tensor:
        wide = net.widen(inputs)
        return net.narrow(wide * net.weigh(wide.mean(-1))[:, :, None])

    wide = 2 * channels
    return Wired(
        forward,
        widen=nn.Sequential(*block(channels, wide, 1, nn.SiLU), *block(wide, wide, 9, nn.SiLU, groups=wide)),
        weigh=nn.Sequential(nn.Linear(wide, 8), nn.SiLU(), nn.Linear(8, wide), nn.Sigmoid()),
        narrow=nn.Sequential(*block(wide, channels, 1, nn.SiLU)),
    )


def legnet() -> nn.Module:
    """A block with squeeze and excitation, concatenated with what it read; SiLU."""

    def forward(net: nn.Module, inputs: Tensor) -> Tensor:
        flow = net.stem(inputs)
        for inner, mix in zip(net.blocks, net.mixes, strict=True):
            flow = mix(torch.cat([inner(flow), flow], dim=1))
        return net.head(flow)

    widths = (32, 24)
    mixes = [nn.Sequential(*block(2 * before, after, 7, nn.SiLU)) for before, after in pairwise(widths)]
    return Wired(
        forward,
        stem=nn.Sequential(*block(4, 32, 11, nn.SiLU), nn.MaxPool1d(2)),
        blocks=nn.ModuleList(squeezed(width) for width in widths[:-1]),
        mixes=nn.ModuleList(mixes),
        head=nn.Sequential(nn.Conv1d(24, 32, 1), nn.SiLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 1)),
    )


def convnext_block(channels: int) -> nn.Module:
    """A convolution of each channel by itself, layer normalisation, two dense layers, added to what was read."""

    def forward(net: nn.Module, inputs: Tensor) -> Tensor:
        return inputs + net.dense(net.alone(inputs).transpose(1, 2)).transpose(1, 2)

    layers = (nn.LayerNorm(channels), nn.Linear(channels, 2 * channels), nn.GELU(), nn.Linear(2 * channels, channels))
    alone = nn.Conv1d(channels, channels, 11, padding=5, groups=channels)
    return Wired(forward, alone=alone, dense=nn.Sequential(*layers))


def convnext() -> nn.Module:
    """Blocks of depthwise convolutions with layer normalisation and GELU, on every other place."""
    stem = (nn.Conv1d(4, 32, 15, padding=7), nn.GELU())
    below = (nn.Conv1d(32, 32, 2, stride=2), convnext_block(32), convnext_block(32))
    head = (nn.Linear(32, 32), nn.GELU(), nn.Linear(32, 1))
    return nn.Sequential(*stem, *below, nn.AdaptiveAvgPool1d(1), nn.Flatten(), *head)


ARCHITECTURES: dict[str, Callable[[], nn.Module]] = {
    build.__name__: build for build in (deepbind, basset, mean_pool, bpnet, danq, transformer, legnet, convnext)
}


@dataclass(frozen=True, eq=False)
class Trained:
    """A network in evaluation mode and the share of the variance of held-out examples that it explains.

    whole, broken: of examples as they are drawn, and with a tenth of the bases replaced.
    """

    model: nn.Module
    whole: float
    broken: float
    epochs: int
    seconds: float

    @property
    def parameters(self) -> int:
        """How many numbers were learned."""
        return sum(weights.numel() for weights in self.model.parameters())


def trained(architecture: str, name: str, folder: Path) -> Trained:
    """The network of an architecture on a grammar: from the folder where it is there, else trained and kept."""
    path = folder / f"{architecture}--{name}.pt"
    if not path.exists():
        for part in SEEDS:
            drawn(name, part)  # before the seed is set: what builds networks draws their weights
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = ARCHITECTURES[architecture]()
        if path.exists():
            kept = torch.load(path, weights_only=True)
            model.load_state_dict(kept.pop("weights"))
            return Trained(model.eval(), **kept)
        begun = time.perf_counter()
        epochs = fit(model, name)
    facts = {"epochs": epochs, "seconds": round(time.perf_counter() - begun, 1)}
    facts |= {kind: round(explained(model, examples(name, "test", kind)), 4) for kind in ("whole", "broken")}
    torch.save(facts | {"weights": model.state_dict()}, path)
    return Trained(model.eval(), **facts)


def fit(model: nn.Module, name: str) -> int:
    """Adam on squared errors, the rate falling along a cosine; the epoch of the least held-out error is kept."""
    inputs, values = examples(name, "train", "both")
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, EPOCHS * (len(values) // BATCH), pct_start=0.1)
    best, kept, epochs = -torch.inf, model.state_dict(), 0
    for _ in range(EPOCHS):
        model.train()
        for rows in batches(len(values)):
            shown = inputs[rows].flip(1, 2) if torch.rand(()) < 0.5 else inputs[rows]
            loss = (model(shown)[:, 0] - values[rows]).square().mean()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
        epochs += 1
        reached = explained(model, examples(name, "valid", "both"))
        if reached > best:
            best, kept = reached, {key: weights.clone() for key, weights in model.state_dict().items()}
        if best >= ENOUGH:
            break
    model.load_state_dict(kept)
    return epochs


def batches(count: int) -> Iterator[Tensor]:
    """All rows in a random order, whole batches only."""
    order = torch.randperm(count)
    return iter(order[: count // BATCH * BATCH].split(BATCH))


@torch.no_grad()
def explained(model: nn.Module, held: tuple[Tensor, Tensor]) -> float:
    """The share of the variance that a network explains: R squared, below 0 for worse than the mean."""
    model.eval()
    found = torch.cat([model(part)[:, 0] for part in held[0].split(500)])
    return float(1 - (found - held[1]).square().mean() / held[1].var(correction=0))


@cache
def drawn(name: str, part: str) -> tuple[Tensor, Tensor]:
    """Examples of a grammar and what the exact network says: first the whole ones, then as many broken ones."""
    count = (TRAINED if part == "train" else HELD) // 2
    found = grammar(name, count=2 * count, length=LENGTH, seed=SEEDS[part])
    inputs = found.inputs.clone()
    generator = torch.Generator().manual_seed(SEEDS[part])
    others = torch.randint(0, 4, (count, LENGTH), generator=generator)
    hit = torch.rand(count, LENGTH, generator=generator) < BROKEN / 0.75  # one in four draws the base that is there
    replaced = torch.nn.functional.one_hot(others, 4).transpose(1, 2).float()
    inputs[count:] = torch.where(hit.unsqueeze(1), replaced, inputs[count:])
    with torch.no_grad():
        values = torch.cat([found.model(part)[:, 0] for part in inputs.split(500)])
    return inputs, values


def examples(name: str, part: str, kind: str) -> tuple[Tensor, Tensor]:
    """The whole, the broken or both kinds of examples of a part."""
    inputs, values = drawn(name, part)
    half = len(inputs) // 2
    rows = {"whole": slice(0, half), "broken": slice(half, None), "both": slice(None)}[kind]
    return inputs[rows], values[rows]
