"""The two networks of the comparison with Quantus, and what makes both sides see the same perturbed inputs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor, nn

from seqinterp.attribution.gradient import gradient_times_input
from seqinterp.attribution.protocol import Explainer, Score
from seqinterp.attribution.targets import output
from seqinterp.evaluation.replacements import random_sets, usual_replacement
from seqinterp.evaluation.similarity import contributions, magnitudes
from seqinterp.sequence.onehot import one_hot

COUNT, LENGTH, SIDE = 16, 240, 24
SHARES = tuple(step / 24 for step in range(25))  # whole positions, and numbers of cells that Quantus accepts
SETS, SIZE, SHARE, SEED = 64, 10, 0.2, 0
PLANTED = "TGACTCAGCA"
PLAIN = {"normalise": False, "abs": False, "disable_warnings": True, "return_aggregate": False}

Numbers = np.ndarray
Values = Callable[[], Tensor]


@dataclass(frozen=True)
class Case:
    """A trained model, inputs of it, where the planted thing lies, and the output that is explained."""

    name: str
    score: Score
    inputs: Tensor
    mask: Tensor
    target: int

    @property
    def channels(self) -> int:
        return self.inputs.shape[1]

    @property
    def attributions(self) -> Tensor:
        return gradient_times_input(self.score, self.inputs)

    def shared(self, attributions: Tensor) -> Numbers:
        """Attributions summed over bases or channels, `(batch, 1, *places)`: Quantus copies them to every cell."""
        return contributions(attributions).unsqueeze(1).numpy()

    def ask(self, metric: object, attributions: Numbers | None, **options: object) -> Tensor:
        """What a metric of Quantus gives, as a tensor."""
        options = {"softmax": False, "channel_first": True, "batch_size": COUNT} | options
        x = options.pop("x_batch", self.inputs.numpy())
        y = np.full(len(x), self.target)
        model = options.pop("model", self.score.model)
        return torch.tensor(np.array(metric(model=model, x_batch=x, y_batch=y, a_batch=attributions, **options)))


class Copied:
    """A perturb function of Quantus that copies cells from given inputs, `(draws, batch, *features)`, in turn."""

    def __init__(self, others: Tensor) -> None:
        self.others = cycle(others.flatten(2).numpy())
        self.seen: list[Numbers] = []

    def __call__(self, arr: Numbers, indices: Numbers, **_: object) -> Numbers:
        changed = arr.copy()
        np.put_along_axis(changed, indices, np.take_along_axis(next(self.others), indices, axis=1), axis=1)
        self.seen.append(changed)
        return changed


class Watched:
    """A perturb function of Quantus's own, and what it made of what."""

    def __init__(self, function: Callable[..., Numbers]) -> None:
        self.function, self.seen, self.chosen = function, [], []

    def __call__(self, arr: Numbers, indices: Numbers, **options: object) -> Numbers:
        self.chosen.append(np.take_along_axis(arr, indices, axis=1))
        self.seen.append(self.function(arr=arr, indices=indices, **options))
        return self.seen[-1]


class Again:
    """Gives a layer the same fresh weights whenever it is reset, so that both packages randomise alike."""

    def __init__(self, layer: nn.Module) -> None:
        layer.reset_parameters()
        self.layer, self.fresh = layer, [value.detach().clone() for value in layer.parameters()]

    def __call__(self) -> None:
        with torch.no_grad():
            for value, fresh in zip(self.layer.parameters(), self.fresh, strict=True):
                value.copy_(fresh)


class Folded(nn.Module):
    """A DNA model that takes its positions in rows, `(batch, 4, row, column)`: Quantus's infidelity is for images."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: Tensor) -> Tensor:
        return self.model(inputs.flatten(2))


def dna() -> Case:
    """One logit: is the motif there?"""
    model = nn.Sequential(
        *(nn.Conv1d(4, 16, 11, padding=5), nn.GELU(), nn.Conv1d(16, 16, 7, padding=3), nn.GELU()),
        *(nn.Conv1d(16, 16, 7, padding=3), nn.GELU(), nn.LPPool1d(4, LENGTH), nn.Flatten(), nn.Linear(16, 1)),
    )
    with torch.no_grad():  # a head start: one filter holds the motif
        model[0].weight[0, :, : len(PLANTED)] = one_hot([PLANTED])[0] - 0.25
        model[0].bias[0] = -4.0
    draw = np.random.default_rng(SEED)
    codes = draw.integers(0, 4, (512, LENGTH))
    starts = draw.integers(0, LENGTH - len(PLANTED), 512)
    for row in range(256):
        codes[row, starts[row] : starts[row] + len(PLANTED)] = ["ACGT".index(base) for base in PLANTED]
    inputs = one_hot(["".join(np.array(list("ACGT"))[row]) for row in codes])
    places = torch.arange(LENGTH) - torch.from_numpy(starts)[:COUNT, None]
    trained(model, inputs, torch.arange(512) < 256)
    return Case("DNA 4 x 240", Score(model, output(0)), inputs[:COUNT], (places >= 0) & (places < len(PLANTED)), 0)


def image() -> Case:
    """Two classes: is the bright square there?"""
    model = nn.Sequential(
        *(nn.Conv2d(3, 8, 5, padding=2), nn.Softplus(), nn.Conv2d(8, 8, 5, padding=2), nn.Softplus()),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2)),
    )
    draw = np.random.default_rng(SEED)
    inputs = torch.from_numpy(draw.random((512, 3, SIDE, SIDE), np.float32)) * 0.5
    mask = torch.zeros(512, SIDE, SIDE, dtype=torch.bool)
    for row in range(256):
        top, left = draw.integers(0, SIDE - 5, 2)
        mask[row, top : top + 5, left : left + 5] = True
    inputs[:, 0][mask] += 0.6
    trained(model, inputs, torch.arange(512) < 256)
    return Case("image 3 x 24 x 24", Score(model, output(1)), inputs[:COUNT], mask[:COUNT], 1)


def trained(model: nn.Module, inputs: Tensor, labels: Tensor) -> None:
    """Fit in place for a while: the metrics are compared, not the model."""
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    for step in range(150):
        rows = torch.randperm(len(inputs), generator=torch.Generator().manual_seed(step))[:64]
        outputs = model(inputs[rows])
        logit = outputs[:, 0] if outputs.shape[1] == 1 else outputs[:, 1] - outputs[:, 0]
        loss = nn.functional.binary_cross_entropy_with_logits(logit, labels[rows].float())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    model.eval().requires_grad_(False)


def replaced(case: Case, draws: int) -> Tensor:
    """Every place of the inputs replaced in our usual way, `(draws, batch, *features)`."""
    everywhere = torch.ones(case.inputs[:, 0].shape, dtype=torch.bool)
    return usual_replacement(case.inputs)(case.inputs, everywhere, draws=draws, seed=SEED).transpose(0, 1)


def our_sets(case: Case, sizes: list[int]) -> list[Numbers]:
    """Our random sets as cells, all of a place together: run by run, example by example, as Quantus asks for them."""
    masks = [
        random_sets(one[None], size, sets=SETS, seed=SEED).flatten(1)
        for one, size in zip(case.inputs, sizes, strict=True)
    ]
    return [own[run].repeat(case.channels).nonzero().flatten().numpy() for run in range(SETS) for own in masks]


@contextmanager
def drawn(cells: list[Numbers]) -> Iterator[None]:
    """Let Quantus's next random choices be these."""
    chosen = iter(cells)
    with patch("numpy.random.choice", lambda *_, **__: next(chosen)):
        yield


def explained(explainer: Explainer, target: int, *, places: bool = False) -> Callable[..., Numbers]:
    """An explain function of Quantus; with `places` of the magnitude of each place."""

    def explain(model: nn.Module, inputs: Numbers, targets: Numbers, **_: object) -> Numbers:
        found = explainer(Score(model, output(target)), torch.as_tensor(inputs, dtype=torch.float32))
        return (magnitudes(found).unsqueeze(1) if places else found).numpy()

    return explain
