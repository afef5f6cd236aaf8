"""The result of `mutate_pairs`."""

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
from seqinterp.mutagenesis.edit_lists import pair_pieces, substitutions
from seqinterp.mutagenesis.pairs import interaction_of
from seqinterp.plot.pair_map import pair_figure
from seqinterp.sequence.alphabet import BASES
from seqinterp.shapes import Effects, PairEffectMap, Scores, Sequences


@dataclass(frozen=True, eq=False)
class PairEffects:
    """What every two substitutions in a window of W positions do together.

    single: `(batch, 4, position)`, `score(edited) - score` of one edit; zero outside `[start, stop)`.
    both: `(batch, W, 4, W, 4)`, of two edits at once, by position and base of the one and of the other; positions
        count from `start`. Where a base is there already, the effect of the other; zero at one and the same position.
    score: `(batch,)`, before any edit.
    origin: kind of output, model hash, device, versions.
    """

    inputs: Sequences
    single: Effects
    both: PairEffectMap
    score: Scores
    start: int
    stop: int
    origin: Mapping[str, Any]

    def __post_init__(self) -> None:
        batch, _, length = self.inputs.shape
        if not 0 <= self.start < self.stop <= length:
            raise InputError(f"the window [{self.start}, {self.stop}) leaves the sequences, which have {length} bases")
        width = self.stop - self.start
        same_shape("single", self.single, self.inputs.shape)
        same_shape("both", self.both, torch.Size((batch, width, 4, width, 4)))
        same_shape("score", self.score, self.inputs.shape[:1])

    @property
    def interaction(self) -> PairEffectMap:
        """E(ij) - E(i) - E(j), shaped like `both`: zero where the score adds the two edits up."""
        return interaction_of(self.single[:, :, self.start : self.stop], self.both)

    def numpy(self) -> np.ndarray:
        """`both` as an array."""
        return self.both.numpy()

    def to_frame(self) -> pd.DataFrame:
        """One row per pair: example, position, base, other_position, other_base, effect, interaction.

        Positions are those of the sequence; the other one lies behind. Bases that are there already are left out.
        """
        singles = substitutions(self.inputs, start=self.start, stop=self.stop)
        place, base = singles.position - self.start, singles.columns.argmax(dim=1)
        pieces = list(pair_pieces(singles))
        none = torch.zeros(0, dtype=torch.int64)
        left, right = (torch.cat([none, *(piece[side] for piece in pieces)]) for side in (0, 1))
        example = singles.example[left]
        where = (example, place[left], base[left], place[right], base[right])
        letters = np.array(list(BASES))
        return pd.DataFrame(
            {
                "example": example.numpy(),
                "position": singles.position[left].numpy(),
                "base": letters[base[left].numpy()],
                "other_position": singles.position[right].numpy(),
                "other_base": letters[base[right].numpy()],
                "effect": self.both[where].numpy(),
                "interaction": self.interaction[where].numpy(),
            }
        )

    def strongest(self, count: int = 10) -> pd.DataFrame:
        """The `count` pairs with the largest interaction of either sign, of all examples, the largest first."""
        if count < 1:
            raise InputError(f"count must be 1 or more pairs, not {count}")
        table = self.to_frame()
        order = np.argsort(-table["interaction"].abs().to_numpy(), kind="stable")[:count]
        return table.iloc[order].reset_index(drop=True)

    def save(self, path: Path | str) -> None:
        """Write everything to one safetensors file."""
        arrays = {"inputs": self.inputs, "single": self.single, "both": self.both, "score": self.score}
        save_arrays(path, "pairs", arrays, {"start": self.start, "stop": self.stop, "origin": dict(self.origin)})

    @classmethod
    def load(cls, path: Path | str) -> "PairEffects":
        """Read what `save` wrote."""
        needed = ("inputs", "single", "both", "score")
        arrays, facts = load_arrays(path, "pairs", needed=needed)
        inputs, single, both, score = (arrays[name] for name in needed)
        return cls(inputs, single, both, score, facts["start"], facts["stop"], facts["origin"])

    def plot(self, example: int = 0) -> Figure:
        """Map of the largest interaction of every two positions, with the logo of the single edits above."""
        window = slice(self.start, self.stop)
        single = self.single[example, :, window]
        logo = (single - single.mean(dim=0)) * self.inputs[example, :, window]
        interaction = interaction_of(self.single[example : example + 1, :, window], self.both[example : example + 1])
        return pair_figure(interaction[0].numpy(), logo.numpy(), start=self.start)
