"""The result of `influence`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from torch import Tensor

from seqinterp.errors import InputError
from seqinterp.io.arrays import load_arrays, save_arrays

_ARRAYS = ("on_scores", "self_influence", "nearest", "distances", "labels")


@dataclass(frozen=True, eq=False)
class Influence:
    """What each training example did; the same whatever the method, whose facts say what the numbers are.

    on_scores: `(batch, training)`, in units of the score; positive speaks for it. Of "last_layer" the score as it is,
        less what it would be without the example; of "representer" the example's part in it; of "tracin" what training
        on it added. Where a window was asked of, the same of what the window contributes to the score.
    self_influence: `(training,)`: how much an example lowers its own loss ("last_layer", "tracin"), or how much of its
        own score it holds ("representer"); large for odd and for mislabelled ones.
    nearest, distances: `(batch, nearest)`: training examples closest in what the last layer reads, every number over
        its standard deviation; none where the model has no one last layer. labels: `(training,)`.
    facts: method, units, task, target, window, the method's options, model, versions.
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
        self._require(example)
        if count < 1:
            raise InputError(f"count must be 1 or more, not {count}")
        own = self.on_scores[example].numpy()
        order = np.argsort(-own, kind="stable")
        chosen = {"for": order[:count][own[order[:count]] > 0], "against": order[::-1][:count]}
        chosen["against"] = chosen["against"][own[chosen["against"]] < 0]
        parts = [
            pd.DataFrame({"training": rows, **self._labels(rows), "influence": own[rows], "kind": kind})
            for kind, rows in chosen.items()
        ]
        return pd.concat(parts, ignore_index=True)

    def close(self, example: int = 0) -> pd.DataFrame:
        """The nearest training examples of one example: training, label, distance.

        Raises:
            InputError: no such example, or the model has no one last layer by which to compare.
        """
        self._require(example)
        if not self.nearest.shape[1]:
            raise InputError(f"no nearest examples were looked for: {self.facts['no_nearest']}")
        rows = self.nearest[example].numpy()
        return pd.DataFrame({"training": rows, **self._labels(rows), "distance": self.distances[example].numpy()})

    def to_frame(self) -> pd.DataFrame:
        """One row for each example and training example: example, training, label, influence."""
        count, known = self.on_scores.shape
        rows = np.tile(np.arange(known), count)
        return pd.DataFrame(
            {
                "example": np.repeat(np.arange(count), known),
                "training": rows,
                **self._labels(rows),
                "influence": self.on_scores.flatten().numpy(),
            }
        )

    def save(self, path: Path | str) -> None:
        """Write everything to one safetensors file."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        save_arrays(path, "influence", arrays, {"facts": dict(self.facts)})

    @classmethod
    def load(cls, path: Path | str) -> "Influence":
        """Read what `save` wrote."""
        arrays, facts = load_arrays(path, "influence", needed=_ARRAYS)
        return cls(**{name: arrays[name] for name in _ARRAYS}, facts=facts["facts"])

    def _require(self, example: int) -> None:
        if not 0 <= example < len(self.on_scores):
            raise InputError(f"example must be 0 to {len(self.on_scores) - 1}, not {example}")

    def _labels(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """The label of each row; of several per example a column each."""
        table = self.labels.reshape(len(self.labels), -1).numpy()[rows]
        names = ["label"] if table.shape[1] == 1 else [f"label_{number}" for number in range(table.shape[1])]
        return {name: table[:, number] for number, name in enumerate(names)}
