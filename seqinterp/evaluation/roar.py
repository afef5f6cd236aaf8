"""Remove and retrain: can a new model do without what was called important? Hooker et al. 2019, arXiv:1806.10758.

The positions that contribute most are replaced in the training and in the test inputs, a new model is trained, and its
accuracy is held against that after removing as many positions at random. No new model meets inputs unlike those it was
trained on. *Where* positions were replaced can itself tell the label (Rong et al. 2022, arXiv:2202.00449); replacements
in the alphabet show that less than gaps do.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn

from seqinterp.attribution.chance import generator
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.run import Device, scores
from seqinterp.attribution.targets import output
from seqinterp.errors import InputError, ShapeError
from seqinterp.evaluation.deletion import removal_order, taken_at
from seqinterp.evaluation.replacements import (
    Replacement,
    at_least,
    each_example,
    flat_contributions,
    usual_replacement,
)
from seqinterp.shapes import Attributions, Inputs

SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)
Train = Callable[[Inputs, Tensor], nn.Module]


@dataclass(frozen=True, eq=False)
class Explained:
    """Inputs `(batch, *features)`, their labels `(batch,)` of 0 and 1, and their attributions.

    Raises ShapeError or InputError where they do not fit together, or one of the labels is missing.
    """

    inputs: Inputs
    labels: Tensor
    attributions: Attributions

    def __post_init__(self) -> None:
        flat_contributions(self.inputs, self.attributions)
        if self.labels.shape != self.inputs.shape[:1]:
            raise ShapeError(
                f"{len(self.inputs)} inputs need labels of shape ({len(self.inputs)},), not {tuple(self.labels.shape)}"
            )
        if set(self.labels.tolist()) != {0, 1}:
            raise InputError("labels must be 0 and 1, each of them at least once")


@dataclass(frozen=True, eq=False)
class Roar:
    """Test accuracy and AUROC of retrained models, each `(points, repeats)`, by the share that was replaced.

    `share` (points,) begins with 0, where nothing is replaced: what the training gives at its best.
    """

    share: Tensor
    accuracy: Tensor
    auroc: Tensor
    random_accuracy: Tensor
    random_auroc: Tensor

    @property
    def gain(self) -> float:
        """Mean AUROC after random removal less that after removing what contributes most: above 0 is better."""
        return float((self.random_auroc - self.auroc)[1:].mean())


def roar(
    train: Train,
    learned: Explained,
    tested: Explained,
    *,
    shares: Sequence[float] = SHARES,
    repeats: int = 1,
    replacement: Replacement | None = None,
    seed: int = 0,
    device: Device = None,
) -> Roar:
    """Retrain with the top share of every input replaced, `2 * len(shares) + 1` times for each of `repeats` seeds.

    train: gives a new model for inputs and labels; its output 0 is a logit, above 0 for label 1. It is not told the
        seed: `repeats` differ by what is put in place and by the random order.
    learned, tested: the examples to train on and those to test on; the attributions of both are those of one model.
    replacement: how (see `replacements`); without one, `random_base` for DNA and `mean_pixel` for images.

    Raises:
        InputError: shares that do not rise above 0 up to 1, or fewer than one repeat.
        ShapeError: the replacement cannot be used on the inputs.
    """
    rises = all(low < high for low, high in pairwise((0, *shares)))
    if not shares or not rises or shares[-1] > 1:
        raise InputError(f"shares must rise, all above 0 and at most 1, not {list(shares)}")
    at_least("repeats", repeats, 1)
    put = replacement or usual_replacement(learned.inputs)
    columns = []
    for repeat in range(repeats):
        columns.append(_retrained(train, learned, tested, put=put, shares=shares, seed=seed + repeat, device=device))
    table = torch.stack(columns, dim=3)  # (points, ranked or random, accuracy or auroc, repeats)
    share = torch.tensor([0.0, *shares], dtype=torch.float64)
    return Roar(share, table[:, 0, 0], table[:, 0, 1], table[:, 1, 0], table[:, 1, 1])


def _retrained(
    train: Train,
    learned: Explained,
    tested: Explained,
    *,
    put: Replacement,
    shares: Sequence[float],
    seed: int,
    device: Device,
) -> Tensor:
    """Accuracy and AUROC for no removal and each share, ranked and random: `(points, 2, 2)`."""

    def measured(first: Tensor, second: Tensor) -> Tensor:
        logits = scores(Score(train(first, learned.labels), output(0)), second, device=device).double()
        truth = tested.labels.cpu()
        accuracy = float(((logits > 0) == (truth == 1)).double().mean())
        return torch.tensor([accuracy, float(roc_auc_score(truth.numpy(), logits.numpy()))], dtype=torch.float64)

    whole = measured(learned.inputs, tested.inputs)
    points = [torch.stack([whole, whole])]
    for share in shares:
        pair = [
            measured(*(_without(data, share, put=put, seed=seed, ranked=ranked) for data in (learned, tested)))
            for ranked in (True, False)
        ]
        points.append(torch.stack(pair))
    return torch.stack(points)


def _without(data: Explained, share: float, *, put: Replacement, seed: int, ranked: bool) -> Inputs:
    """The inputs with a share of every example replaced."""
    attributions = data.attributions if ranked else _at_random(data.inputs, seed)
    ranks = removal_order(data.inputs, attributions, seed=seed)
    taken = taken_at(data.inputs, ranks, (share,))[:, 0]
    return put(data.inputs, taken, draws=1, seed=seed)[:, 0]


def _at_random(inputs: Inputs, seed: int) -> Attributions:
    """Attributions that know nothing."""
    return each_example(
        lambda row: torch.rand(inputs.shape[1:], generator=generator(seed, inputs[row], "roar")), len(inputs)
    )
