"""The result of `influence`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from torch import Tensor

from seqinterp.errors import InputError


@dataclass(frozen=True, eq=False)
class Influence:
    """on_scores: `(batch, training)`: the score as it is, less what it would be without the training example.

    self_influence: `(training,)`: how much an example lowers its own loss; large for odd and for mislabelled ones.
    nearest, distances: `(batch, nearest)`: training examples closest in what the last layer reads, every number over
    its standard deviation. labels: `(training,)`. facts: task, target, penalty, model, versions.
    """

    on_scores: Tensor
    self_influence: Tensor
    nearest: Tensor
    distances: Tensor
    labels: Tensor
    facts: Mapping[str, Any]

    def top(self, example: int = 0, *, count: int = 5) -> pd.DataFrame:
        """The training examples that did most for the score of one example, and most against it.

        Columns: training, label, influence, kind ("for" or "against"), strongest first within a kind.

        Raises:
            InputError: no such example, or fewer than one asked for.
        """
        if not 0 <= example < len(self.on_scores) or count < 1:
            raise InputError(f"example must be 0 to {len(self.on_scores) - 1} and count 1 or more")
        own = self.on_scores[example].numpy()
        order = np.argsort(-own, kind="stable")
        chosen = [("for", order[:count][own[order[:count]] > 0]), ("against", order[::-1][:count])]
        parts = [
            pd.DataFrame(
                {"training": rows, "label": self.labels[rows.copy()].numpy(), "influence": own[rows], "kind": kind}
            )
            for kind, rows in ((kind, rows if kind == "for" else rows[own[rows] < 0]) for kind, rows in chosen)
        ]
        return pd.concat(parts, ignore_index=True)

    def close(self, example: int = 0) -> pd.DataFrame:
        """The nearest training examples of one example: training, label, distance."""
        rows = self.nearest[example]
        return pd.DataFrame(
            {
                "training": rows.numpy(),
                "label": self.labels[rows].numpy(),
                "distance": self.distances[example].numpy(),
            }
        )
