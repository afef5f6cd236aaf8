"""Which examples a training step sees, and what each weighs."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from seqinterp.models.base_rate import log_prior_shift
from seqinterp.models.settings import TrainSettings
from seqinterp.shapes import Labels

Batch = tuple[NDArray[np.intp], NDArray[np.float64]]  # which examples, and the weight of each in the mean loss


def batches(labels: Labels, train: TrainSettings, generator: np.random.Generator) -> Iterator[Batch]:
    """Batches without end; examples are dealt like cards, so each comes up before any comes up again."""
    rows = [np.flatnonzero(labels == label) for label in (0, 1)]
    if train.balance == "sample":
        positives = min(max(1, round(train.positive_fraction * train.batch_size)), max(1, train.batch_size - 1))
        counts = (max(1, train.batch_size - positives), positives)
        weights = np.repeat([sum(counts) / (2 * count) for count in counts], counts)
        decks = [_deal(row, count, generator) for row, count in zip(rows, counts, strict=True)]
        while True:
            yield np.concatenate([next(deck) for deck in decks]), weights
    weight_of = np.ones(2)
    if train.balance == "weight":
        weight_of = np.array([len(labels) / (2 * len(row)) for row in rows])
    for indices in _deal(np.arange(len(labels)), train.batch_size, generator):
        yield indices, weight_of[labels[indices].astype(int)]


def balanced_log_loss(logits: Labels, labels: Labels, *, balanced: bool) -> float:
    """The mean log-loss in nats; `balanced` gives each class half of the weight, as training does."""
    losses = np.logaddexp(0, np.where(labels == 1, -logits, logits))
    if not balanced:
        return float(losses.mean())
    return float((losses[labels == 1].mean() + losses[labels == 0].mean()) / 2)


def base_rate_shift(labels: Labels, train: TrainSettings) -> float:
    """What logits trained under these settings lack to speak of the base rate of the training data."""
    if train.balance == "none":
        return 0.0
    positives = float(labels.sum())
    return log_prior_shift(
        positives=positives, negatives=len(labels) - positives, trained_positives=1.0, trained_negatives=1.0
    )


def _deal(cards: NDArray[np.intp], count: int, generator: np.random.Generator) -> Iterator[NDArray[np.intp]]:
    """Hands of `count` cards from a deck that is shuffled anew whenever it runs out."""
    deck = cards[:0]
    while True:
        while len(deck) < count:
            deck = np.concatenate([deck, generator.permutation(cards)])
        yield deck[:count]
        deck = deck[count:]
