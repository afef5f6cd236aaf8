"""The result of `flip_prediction`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure

from seqinterp.api.results.tables import same_shape
from seqinterp.errors import InputError
from seqinterp.io.arrays import load_arrays, save_arrays
from seqinterp.plot.flips import flips_figure
from seqinterp.sequence.alphabet import BASES
from seqinterp.sequence.onehot import decode
from seqinterp.shapes import Scores, Sequences

_EDITS = ("example", "position", "base")
_EXAMPLES = ("score", "after", "closest", "fewest_proven", "single_flips")
_FACTS = ("threshold", "start", "stop")


@dataclass(frozen=True, eq=False)
class Flips:
    """How few substitutions take each score across a threshold.

    inputs: the one-hot DNA that was asked about.
    example, position, base: `(edits,)`, the substitutions, by example and position; an example that nothing tried flips
        has none. Bases are numbered A, C, G, T.
    score, after: `(batch,)`, before and after the substitutions; the same where nothing flips.
    closest: `(batch,)`, the score farthest towards the other side that any set tried reached.
    fewest_proven: `(batch,)`, so many substitutions inside `[start, stop)` are needed at least: 2 where no single one
        flips, 3 where no pair does either, all of them tried.
    single_flips: `(batch,)`, how many of the single substitutions inside `[start, stop)` flip: how fragile it is.
    threshold, start, stop: what was asked.
    origin: kind of output, model hash, device, versions, how effects were computed, the options of the search.
    """

    inputs: Sequences
    example: torch.Tensor
    position: torch.Tensor
    base: torch.Tensor
    score: Scores
    after: Scores
    closest: Scores
    fewest_proven: torch.Tensor
    single_flips: torch.Tensor
    threshold: float
    start: int
    stop: int
    origin: Mapping[str, Any]

    def __post_init__(self) -> None:
        for name in _EDITS:
            same_shape(name, getattr(self, name), self.example.shape)
        for name in _EXAMPLES:
            same_shape(name, getattr(self, name), self.inputs.shape[:1])
        if bool((self.number[self.flipped] < self.fewest_proven[self.flipped]).any()):
            raise InputError("an example is flipped by fewer substitutions than are proven to be needed")

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def number(self) -> torch.Tensor:
        """`(batch,)`: how many substitutions flip each example; 0 where nothing tried does."""
        return torch.bincount(self.example, minlength=len(self))

    @property
    def flipped(self) -> torch.Tensor:
        """`(batch,)`: whether a set was found."""
        return self.number > 0

    @property
    def fewest(self) -> torch.Tensor:
        """`(batch,)`: whether no smaller set exists, proven; False where nothing flips."""
        return self.flipped & (self.number == self.fewest_proven)

    @property
    def edited(self) -> Sequences:
        """The inputs with their substitutions made."""
        rows = self.inputs.clone()
        rows[self.example, :, self.position] = 0
        rows[self.example, self.base, self.position] = 1
        return rows

    @property
    def sequences(self) -> list[str]:
        """The same as strings."""
        return decode(self.edited)

    @property
    def edits(self) -> pd.DataFrame:
        """One row per substitution: example, position (0-based), ref, alt."""
        letters = np.array(list(BASES))
        before = self.inputs[self.example, :, self.position].argmax(dim=1)
        return pd.DataFrame(
            {
                "example": self.example.numpy(),
                "position": self.position.numpy(),
                "ref": letters[before.numpy()],
                "alt": letters[self.base.numpy()],
            }
        )

    def to_frame(self) -> pd.DataFrame:
        """One row per example: example, flipped, number, fewest_proven, fewest, single_flips, score, after, closest,
        edits, sequence.

        number: missing where nothing flips. fewest: whether no smaller set exists, proven. edits: in words, as
        "12A>G 40C>T", positions 0-based. sequence: with the edits.
        """
        edits = self.edits
        words = edits["position"].astype(str) + edits["ref"] + ">" + edits["alt"]
        listed = words.groupby(self.example.numpy()).agg(" ".join) if len(words) else pd.Series(dtype=object)
        columns = {name: getattr(self, name).numpy() for name in ("fewest_proven", "fewest", "single_flips")}
        return pd.DataFrame(
            {
                "example": np.arange(len(self)),
                "flipped": self.flipped.numpy(),
                "number": pd.array(self.number.numpy(), dtype="Int64"),
                **columns,
                **{name: getattr(self, name).numpy() for name in ("score", "after", "closest")},
                "edits": listed.reindex(range(len(self)), fill_value="").to_numpy(object),
                "sequence": self.sequences,
            }
        ).assign(number=lambda table: table["number"].where(table["flipped"]))

    def save(self, path: Path | str) -> None:
        """Write everything to one safetensors file."""
        arrays = {name: getattr(self, name) for name in ("inputs", *_EDITS, *_EXAMPLES)}
        facts = {name: getattr(self, name) for name in _FACTS}
        save_arrays(path, "flips", arrays, {**facts, "origin": dict(self.origin)})

    @classmethod
    def load(cls, path: Path | str) -> "Flips":
        """Read what `save` wrote."""
        needed = ("inputs", *_EDITS, *_EXAMPLES)
        arrays, facts = load_arrays(path, "flips", needed=needed)
        parts: dict[str, Any] = {name: arrays[name] for name in needed}
        parts |= {name: facts[name] for name in _FACTS}
        return cls(**parts, origin=facts["origin"])

    def plot(self, example: int | None = None) -> Figure:
        """How many substitutions examples need, and those of one example above its sequence; None takes the first that
        flips by the fewest."""
        if example is None:
            number = torch.where(self.flipped, self.number, torch.iinfo(torch.int64).max)
            example = int(number.argmin())
        if not 0 <= example < len(self):
            raise InputError(f"there is no example {example}; examples are 0 to {len(self) - 1}")
        return flips_figure(
            self.number.numpy(),
            self.fewest.numpy(),
            self.inputs[example].float().numpy(),
            self.edited[example].float().numpy(),
            title=f"Example {example}: score {float(self.score[example]):.3g} to {float(self.after[example]):.3g}",
        )
