"""The result of `find_prototypes`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from seqinterp.errors import ShapeError
from seqinterp.io.arrays import load_arrays, save_arrays

_ARRAYS = ("prototypes", "criticisms", "discrepancy", "witness", "assigned")
_LABELS = "labels"


@dataclass(frozen=True, eq=False)
class Prototypes:
    """A few examples that stand for all, and those that they do not stand for; all by their numbers, on the CPU.

    prototypes: `(prototypes,)`, in the order in which they were chosen; with labels class after class.
    criticisms: `(criticisms,)`, likewise.
    discrepancy: `(prototypes,)`, the squared maximum mean discrepancy between the examples (of the class) and the
        prototypes up to this one; 0 where they cannot be told apart.
    witness: `(batch,)`, above 0 where examples (of the class) are denser than their prototypes.
    assigned: `(batch,)`, the place in `prototypes` of that one (of the class) which is most like each example.
    labels: `(batch,)`, class numbers, or None. facts: layer, kernel's width, numbers asked for, model, versions.
    """

    prototypes: Tensor
    criticisms: Tensor
    discrepancy: Tensor
    witness: Tensor
    assigned: Tensor
    labels: Tensor | None
    facts: Mapping[str, Any]

    def __post_init__(self) -> None:
        if self.discrepancy.shape != self.prototypes.shape or self.assigned.shape != self.witness.shape:
            raise ShapeError(
                f"{len(self.prototypes)} prototypes have {len(self.discrepancy)} discrepancies, and"
                f" {len(self.witness)} examples {len(self.assigned)} prototypes"
            )

    @property
    def stands_for(self) -> Tensor:
        """How many examples are most like each prototype, itself included, `(prototypes,)`."""
        return torch.bincount(self.assigned, minlength=len(self.prototypes))

    def to_frame(self) -> pd.DataFrame:
        """One row per prototype, then one per criticism: kind, label (with labels), rank, example, witness, stands_for,
        discrepancy.

        rank counts from 0 within a kind and label; the last two are missing for criticisms.
        """
        kinds = np.repeat(["prototype", "criticism"], [len(self.prototypes), len(self.criticisms)])
        example = torch.cat([self.prototypes, self.criticisms])
        empty = [pd.NA] * len(self.criticisms)
        frame = pd.DataFrame({"kind": kinds})
        if self.labels is not None:
            frame["label"] = self.labels[example].numpy()
        frame["rank"] = frame.groupby(list(frame.columns), sort=False).cumcount()
        frame["example"] = example.numpy()
        frame["witness"] = self.witness[example].numpy()
        frame["stands_for"] = pd.array([*self.stands_for.tolist(), *empty], dtype="Int64")
        frame["discrepancy"] = [*self.discrepancy.tolist(), *[np.nan] * len(self.criticisms)]
        return frame

    def save(self, path: Path | str) -> None:
        """Write everything to one safetensors file."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        arrays |= {} if self.labels is None else {_LABELS: self.labels}
        save_arrays(path, "prototypes", arrays, {"facts": dict(self.facts)})

    @classmethod
    def load(cls, path: Path | str) -> "Prototypes":
        """Read what `save` wrote."""
        arrays, facts = load_arrays(path, "prototypes", needed=_ARRAYS)
        own: dict[str, Any] = {name: arrays[name] for name in _ARRAYS}
        return cls(**own, labels=arrays.get(_LABELS), facts=facts["facts"])
