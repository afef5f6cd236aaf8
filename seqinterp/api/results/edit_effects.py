"""The result of `edit_effects`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from seqinterp.api.results.tables import same_shape
from seqinterp.io.arrays import load_arrays, save_arrays
from seqinterp.mutagenesis.edits import Edits
from seqinterp.sequence.alphabet import IUPAC
from seqinterp.shapes import EditColumns, EditOutputs, Outputs, Sequences

_ARRAYS = ("inputs", "effects", "before", "example", "first", "position", "columns")
_SOFT = "?"  # a column that no letter stands for


@dataclass(frozen=True, eq=False)
class EditEffects:
    """What each edit of a list does to the score, or to all outputs.

    edits: what was asked about.
    effects: `(edits,)` or `(edits, *outputs)`, of the edited sequence less that of the one before.
    before: `(batch,)` or `(batch, *outputs)`, without any edit.
    origin: kind of output, model hash, device, versions.
    """

    inputs: Sequences
    edits: Edits
    effects: EditOutputs
    before: Outputs
    origin: Mapping[str, Any]

    def __post_init__(self) -> None:
        same_shape("before", self.before, torch.Size((len(self.inputs), *self.effects.shape[1:])))
        same_shape("effects", self.effects, torch.Size((len(self.edits), *self.before.shape[1:])))
        self.edits.require_within(self.inputs)

    @property
    def predictions(self) -> EditOutputs:
        """The outputs of the edited sequences, `(edits, *outputs)`."""
        return self.before[self.edits.example] + self.effects

    def numpy(self) -> np.ndarray:
        """`effects` as an array."""
        return self.effects.numpy()

    def to_frame(self) -> pd.DataFrame:
        """One row per edit: example, start, stop, reference, alternative, before, effect.

        The bases from the first to the last changed position, before and after; N is a column of zeros, ? one that no
        letter stands for. With several outputs there is a column of each for every output: before_0, effect_0 ...
        """
        edits = self.edits
        some = edits.counts > 0
        start, stop = torch.zeros_like(edits.example), torch.zeros_like(edits.example)
        start[some] = edits.position[edits.first[:-1][some]]
        stop[some] = edits.position[edits.first[1:][some] - 1] + 1
        old, new = self._letters(start.tolist(), stop.tolist())
        table: dict[str, Any] = {"example": edits.example.numpy(), "start": start.numpy(), "stop": stop.numpy()}
        table |= {"reference": old, "alternative": new}
        for name, numbers in (("before", self.before[edits.example]), ("effect", self.effects)):
            flat = numbers.reshape(len(edits), -1) if len(edits) else numbers.reshape(0, numbers[0:0].numel() or 1)
            names = [name] if self.effects.ndim == 1 else [f"{name}_{i}" for i in range(flat.shape[1])]
            table |= {column: flat[:, i].numpy() for i, column in enumerate(names)}
        return pd.DataFrame(table)

    def _letters(self, start: list[int], stop: list[int]) -> tuple[list[str], list[str]]:
        """The letters between the first and last change of each edit, before and after."""
        here = [_letters(example.T) for example in self.inputs]
        changed, first = _letters(self.edits.columns), self.edits.first.tolist()
        places, examples = self.edits.position.tolist(), self.edits.example.tolist()
        old, new = [], []
        for number, (low, high) in enumerate(zip(start, stop, strict=True)):
            word = list(here[examples[number]][low:high])
            old.append("".join(word))
            for change in range(first[number], first[number + 1]):
                word[places[change] - low] = changed[change]
            new.append("".join(word))
        return old, new

    def save(self, path: Path | str) -> None:
        """Write everything to one safetensors file."""
        parts = {"inputs": self.inputs, "effects": self.effects, "before": self.before}
        parts |= {name: getattr(self.edits, name) for name in _ARRAYS[3:]}
        save_arrays(path, "edit effects", parts, {"origin": dict(self.origin)})

    @classmethod
    def load(cls, path: Path | str) -> "EditEffects":
        """Read what `save` wrote."""
        arrays, facts = load_arrays(path, "edit effects", needed=_ARRAYS)
        edits = Edits(*(arrays[name] for name in _ARRAYS[3:]))
        return cls(arrays["inputs"], edits, arrays["effects"], arrays["before"], facts["origin"])


def _letters(columns: EditColumns) -> str:
    """One letter per column `(columns, 4)`."""
    table = np.full(16, ord(_SOFT), dtype=np.uint8)
    for letter, bases in IUPAC.items():
        table[sum(1 << "ACGT".index(base) for base in bases)] = ord(letter)
    table[0] = ord("N")
    values = columns.detach().numpy()
    present = values != 0
    count = present.sum(axis=1)
    even = np.abs(values - present / np.maximum(count, 1)[:, None]).max(axis=1, initial=0) < 1e-4
    codes = table[(present * np.array([1, 2, 4, 8])).sum(axis=1)]
    return np.where(even, codes, ord(_SOFT)).astype(np.uint8).tobytes().decode("ascii")
