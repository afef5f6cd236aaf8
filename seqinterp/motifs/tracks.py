"""What a model says of some sequences, as arrays: the sequences, contributions, and hypothetical contributions."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from seqinterp.errors import InputError, ShapeError
from seqinterp.shapes import BaseMaps, Rows


@dataclass(frozen=True, eq=False)
class Tracks:
    """Sequences and their attributions, in single precision, each (batch, 4, position).

    contributions: of the bases that are there, zero elsewhere.
    hypothetical: what every base would contribute; None where only contributions are known.
    """

    inputs: BaseMaps
    contributions: BaseMaps
    hypothetical: BaseMaps | None = None

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def length(self) -> int:
        """Positions of each sequence."""
        return int(self.inputs.shape[2])

    @cached_property
    def total(self) -> Rows:
        """The contribution of each position, (batch, position)."""
        return np.ascontiguousarray(self.contributions.sum(axis=1))


def as_tracks(inputs: np.ndarray, attributions: np.ndarray) -> Tracks:
    """Tracks of sequences (batch, 4, position) and attributions of the same shape, or (batch, position).

    Attributions that are zero wherever a base is not are contributions; others are hypothetical, and the contributions
    are theirs at the bases that are there.

    Raises:
        ShapeError: the inputs are not (batch, 4, position), or the attributions have another shape.
        InputError: an attribution is not a finite number.
    """
    if inputs.ndim != 3 or inputs.shape[1] != 4 or 0 in inputs.shape:
        raise ShapeError(
            f"the inputs must be one-hot DNA (batch, 4, position), not {inputs.shape}; seqinterp.one_hot makes it"
        )
    if attributions.shape not in (inputs.shape, (inputs.shape[0], inputs.shape[2])):
        raise ShapeError(
            f"the attributions must be {inputs.shape} as the inputs are, or {(inputs.shape[0], inputs.shape[2])}, but"
            f" they are {attributions.shape}"
        )
    bad = np.flatnonzero(~np.isfinite(attributions).reshape(len(inputs), -1).all(axis=1))
    if len(bad):
        raise InputError(f"the attributions of example {bad[0]} hold NaN or infinity; leave it out, or mend the model")
    shown, values = np.asarray(inputs, np.float32), np.asarray(attributions, np.float32)
    if values.ndim == 2:
        return Tracks(shown, shown * values[:, None])
    if not np.any(values[shown == 0]):
        return Tracks(shown, values)
    return Tracks(shown, shown * values, values)
