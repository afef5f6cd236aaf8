"""Which training examples may carry the wrong label: what speaks against each label (Northcutt, Jiang & Chuang 2021,
doi:10.1613/jair.1.12125; Koh & Liang 2017, arXiv:1703.04730, section 5.4; Wilson 1972, doi:10.1109/TSMC.1972.4309137).

Every function gives one suspicion per training example, the larger the more suspect. They ask different witnesses, and
an example that all of them suspect is worth looking at first. Self-influence is a fourth: `self_influence` of
`seqinterp.cases.last_layer_influence`, `self_tracin` of `seqinterp.cases.tracin`.
"""

from dataclasses import dataclass

import numpy as np
import torch
from sklearn.model_selection import GroupKFold, StratifiedKFold
from torch import Tensor

from seqinterp.cases.head import fit_head, predicted
from seqinterp.cases.losses import checked_labels
from seqinterp.cases.nearest import Distance, nearest_cases
from seqinterp.errors import InputError, ShapeError
from seqinterp.shapes import Representations, Suspicions

NEIGHBOURS = 10
FOLDS = 5


@dataclass(frozen=True, eq=False)
class ConfidentLearning:
    """What held-out predictions say of the labels.

    suspicion: `(training,)`, the largest probability of another class less that of the label, -1 to 1.
    flagged: `(training,)`, True where another class is believed: its probability reaches the mean that it has among
        the examples labelled so, and it is the most probable of all classes that do.
    believed: `(training,)`, that class; the label where there is none.
    joint: `(classes, classes)`, the estimated share of examples by label (row) and believed class (column).
    """

    suspicion: Tensor
    flagged: Tensor
    believed: Tensor
    joint: Tensor


def neighbour_disagreement(
    features: Representations, labels: object, /, *, count: int = NEIGHBOURS, distance: Distance = "euclidean"
) -> Suspicions:
    """The share of the `count` nearest other training examples whose label is another one, 0 to 1.

    A neighbour counts by its nearness, 1 / (1 + rank), so that few are equal.

    Raises:
        ShapeError: not one label per example.
        InputError: labels that are no classes; a count that there is not.
    """
    values = checked_labels(labels, len(features), "classes")
    found = nearest_cases(
        features, features, count=count, distance=distance, leave_out=torch.arange(len(features))
    ).examples
    weights = 1 / (1 + torch.arange(count, dtype=torch.float64))
    return ((values[found] != values[:, None]) * weights).sum(dim=1) / weights.sum()


def held_out_loss(probabilities: Tensor, labels: object, /) -> Suspicions:
    """-log of the probability (nats) that a model which was not shown the label gives it, `(training,)`.

    probabilities: `(training, classes)`, or `(training,)` of the class 1, each by a model that was not trained on the
        example. Of a model that was, they mean little: it has learned the wrong labels, too.

    Raises:
        ShapeError: not one label per row. InputError: labels that are no columns, rows that are no probabilities.
    """
    table, values = _checked(probabilities, labels)
    own = table[torch.arange(len(table)), values]
    return -own.clamp_min(torch.finfo(torch.float64).tiny).log()


def confident_learning(probabilities: Tensor, labels: object, /) -> ConfidentLearning:
    """Find wrong labels by held-out probabilities, as in `held_out_loss`.

    The threshold of class j is the mean probability of j among the examples labelled j. The counts of label and
    believed class are scaled to the number of examples with each label before they are shares (equation 3).

    Raises:
        ShapeError: not one label per row.
        InputError: labels that are no columns, rows that are no probabilities, a class without examples.
    """
    table, values = _checked(probabilities, labels)
    classes = table.shape[1]
    sizes = torch.bincount(values, minlength=classes)
    if int(sizes.min()) == 0:
        raise InputError(f"no example is labelled {int(sizes.argmin())}, so that its threshold is unknown")
    thresholds = torch.stack([table[values == each, each].mean() for each in range(classes)])
    reached = table >= thresholds
    best = torch.where(reached, table, -1.0).argmax(dim=1)
    believed = torch.where(reached.any(dim=1), best, values)
    counts = torch.zeros(classes, classes, dtype=torch.float64)
    counts.index_put_((values, best), reached.any(dim=1).double(), accumulate=True)
    shares = counts / counts.sum(dim=1, keepdim=True).clamp_min(1.0) * sizes[:, None]
    others = table.clone()
    others[torch.arange(len(table)), values] = -1.0
    return ConfidentLearning(
        others.amax(dim=1) - table[torch.arange(len(table)), values],
        believed != values,
        believed,
        shares / shares.sum(),
    )


def held_out_probabilities(
    features: Representations,
    labels: object,
    /,
    *,
    l2: float = 1.0,
    folds: int = FOLDS,
    groups: object = None,
    seed: int = 0,
) -> Tensor:
    """Probabilities of the classes `(training, classes)` by last layers fitted to the other folds.

    groups: one number per example; those of one group stand in one fold (overlapping sequences, say). Without them
        the folds are drawn by `seed`, with like shares of the classes.

    The layers below have seen all labels, so this is a milder witness than networks trained without each fold.

    Raises:
        ShapeError: not one label, or group, per example.
        InputError: fewer than 2 folds, or fewer examples of a class or fewer groups than folds.
    """
    values = checked_labels(labels, len(features), "classes")
    sizes = torch.bincount(values)
    if not 2 <= folds <= int(sizes.min()):
        raise InputError(f"folds must be 2 to {int(sizes.min())}, the examples of the rarest class, not {folds}")
    table = torch.zeros(len(values), len(sizes), dtype=torch.float64)
    for rest, held_out in _split(values, folds, groups, seed):
        if len(torch.bincount(values[rest], minlength=len(sizes)).nonzero()) < len(sizes):
            raise InputError("without one fold a class has no example left; give fewer folds, or other groups")
        head = fit_head(features[rest], values[rest], task="classes", l2=l2)
        table[held_out] = predicted(head.scores(features[held_out]), "classes")
    return table


def _split(values: Tensor, folds: int, groups: object, seed: int) -> list[tuple[Tensor, Tensor]]:
    """The rest and the held-out examples of each fold."""
    rows = np.zeros((len(values), 1))
    if groups is None:
        parts = StratifiedKFold(folds, shuffle=True, random_state=seed).split(rows, values.numpy())
    else:
        numbers = np.asarray(groups)
        if numbers.shape != (len(values),):
            raise ShapeError(f"there are {len(values)} examples but groups of shape {numbers.shape}")
        if len(np.unique(numbers)) < folds:
            raise InputError(f"there are {len(np.unique(numbers))} groups, fewer than the {folds} folds")
        parts = GroupKFold(folds).split(rows, values.numpy(), numbers)
    return [(torch.from_numpy(rest), torch.from_numpy(out)) for rest, out in parts]


def _checked(probabilities: Tensor, labels: object) -> tuple[Tensor, Tensor]:
    """Probabilities by class, and labels that are columns of them."""
    given = probabilities.detach().to("cpu", torch.float64)
    table = torch.stack([1 - given, given], dim=1) if given.ndim == 1 else given
    if table.ndim != 2 or len(table) == 0 or table.shape[1] < 2:
        raise ShapeError(f"probabilities must have shape (training, classes), not {tuple(given.shape)}")
    values = checked_labels(labels, len(table), "classes")
    if int(values.max()) >= table.shape[1]:
        raise InputError(f"labels must be 0 to {table.shape[1] - 1}, the columns, but one is {int(values.max())}")
    if not bool((table >= 0).all()) or not torch.allclose(table.sum(dim=1), torch.ones(()).double(), atol=1e-4):
        raise InputError("probabilities must be 0 or more and add up to 1 in each row; give softmax of the logits")
    return table, values
